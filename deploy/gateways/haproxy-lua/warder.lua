-- Asks Warder with HAProxy's own HTTP client. Sets txn.warder_allow on an allow and txn.warder_error where no answer
-- came; a refusal it gives to the client itself.
local address = os.getenv("WARDER_URL") or "http://127.0.0.1:7070/auth/forward"
local credential = os.getenv("WARDER_CREDENTIAL") or ""
local timeoutMs = 1000

local identity = {
  "x-warder-gateway-id", "x-warder-gateway-name", "x-warder-environment-id", "x-warder-credential-id",
  "x-warder-subject", "x-warder-scope", "x-warder-decision-id", "x-warder-revision",
}

local notTold = {}
for _, name in ipairs({
  "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
  "expect", "host", "client-token", "pdg-token",
  "x-forwarded-for", "x-forwarded-host", "x-forwarded-method", "x-forwarded-proto", "x-forwarded-uri",
}) do notTold[name] = true end

-- HAProxy's lists of values count from 0, and pairs() would change their order.
local function values(list)
  local found = {}
  for i = 0, #list do if list[i] then found[#found + 1] = list[i] end end
  return found
end

local function question(txn)
  local ask = {}
  for name, list in pairs(txn.http:req_get_headers()) do
    if not notTold[name] then ask[name] = values(list) end
  end
  -- 1 before HAProxy 3.1, and true where it is told so from then on
  local tls = txn.f:ssl_fc()
  ask["host"] = { "warder.internal" }
  ask["client-token"] = { credential }
  ask["x-forwarded-method"] = { txn.f:method() }
  ask["x-forwarded-uri"] = { txn.sf:pathq() }
  ask["x-forwarded-host"] = { txn.sf:req_fhdr("host") }
  ask["x-forwarded-proto"] = { (tls == 1 or tls == true) and "https" or "http" }
  ask["x-forwarded-for"] = { txn.f:src() }
  return ask
end

local function allow(txn, answer)
  for _, name in ipairs(identity) do
    local value = answer.headers[name]
    txn.http:req_set_header(name, value and values(value)[1] or "")
  end
  txn:set_var("txn.warder_allow", true)
end

local function refuse(txn, answer)
  local reply = txn:reply({ status = answer.status, reason = answer.reason })
  for name, list in pairs(answer.headers) do
    if not notTold[name] then
      for _, value in ipairs(values(list)) do reply:add_header(name, value) end
    end
  end
  if answer.body then reply:set_body(answer.body) end
  txn:done(reply)
end

core.register_action("warder", { "http-req" }, function(txn)
  local answer = core.httpclient():get({ url = address, headers = question(txn), timeout = timeoutMs })
  if answer.status == 200 then return allow(txn, answer) end
  if answer.status >= 300 and answer.status < 500 then return refuse(txn, answer) end
  txn:set_var("txn.warder_error", answer.status)
end, 0)
