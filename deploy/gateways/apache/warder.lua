-- Asks Warder from Apache's mod_lua, over a connection that each thread keeps. The thread waits for the answer.
require "apache2"
local socket = require "socket"

local host, port, path = "127.0.0.1", 7070, "/auth/forward"
local credential = os.getenv("WARDER_CREDENTIAL") or ""
local timeoutSeconds = 1

local identity = {
  "X-Warder-Gateway-Id", "X-Warder-Gateway-Name", "X-Warder-Environment-Id", "X-Warder-Credential-Id",
  "X-Warder-Subject", "X-Warder-Scope", "X-Warder-Decision-Id", "X-Warder-Revision",
}

local notTold = {}
for _, name in ipairs({
  "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
  "expect", "host",
  "x-forwarded-for", "x-forwarded-host", "x-forwarded-method", "x-forwarded-proto", "x-forwarded-uri",
}) do notTold[name] = true end

-- In any spelling: applications of the CGI kind take "_" and "." for "-".
local function isOurs(name)
  return name:find("^x[-_.]warder[-_.]") or name:find("^client[-_.]token$") or name:find("^pdg[-_.]token$")
end

local function question(r)
  local lines = { "GET " .. path .. " HTTP/1.1", "Host: warder.internal", "Client-Token: " .. credential }
  local function tell(name, value) lines[#lines + 1] = name .. ": " .. value end
  tell("X-Forwarded-Method", r.method)
  tell("X-Forwarded-Uri", r.unparsed_uri)
  tell("X-Forwarded-Host", r.headers_in["Host"] or "")
  tell("X-Forwarded-Proto", r.is_https and "https" or "http")
  tell("X-Forwarded-For", r.useragent_ip)
  for name, value in pairs(r:headers_in_table()) do
    local lower = name:lower()
    if isOurs(lower) then
      r.headers_in[name] = nil
    elseif not notTold[lower] then
      tell(name, value)
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- Status and headers; every answer of Warder says how long its body is.
local function read(connection)
  local line = connection:receive("*l")
  local status = line and tonumber(line:match("^HTTP/1%.1 (%d%d%d)"))
  if not status then return nil end
  local headers = {}
  while true do
    line = connection:receive("*l")
    if not line then return nil end
    if line == "" then break end
    local name, value = line:match("^([^:]+):%s*(.-)%s*$")
    if not name then return nil end
    headers[name:lower()] = value
  end
  local length = tonumber(headers["content-length"])
  if not length then return nil end
  local body = length == 0 and "" or connection:receive(length)
  if not body then return nil end
  return { status = status, headers = headers, body = body }
end

-- mod_proxy takes away what a client names in Connection: the identity too.
local function reduceConnection(r)
  local named = (r.headers_in["Connection"] or ""):lower()
  local plain = (named:find("upgrade", 1, true) and "Upgrade") or (named:find("close", 1, true) and "close") or nil
  r.headers_in["Connection"] = plain
end

local kept

local function ask(text)
  -- Once more on a new connection, where the kept one had ended.
  for _ = 1, kept and 2 or 1 do
    local connection, isOld = kept, kept ~= nil
    kept = nil
    if not connection then
      connection = socket.tcp()
      connection:settimeout(timeoutSeconds)
      if not connection:connect(host, port) then return nil end
      connection:setoption("tcp-nodelay", true)
    end
    local began = socket.gettime()
    local answer = connection:send(text) and read(connection)
    if answer then
      if (answer.headers["connection"] or ""):lower() == "close" then
        connection:close()
      else
        kept = connection
      end
      return answer
    end
    connection:close()
    if not isOld or socket.gettime() - began >= timeoutSeconds then return nil end
  end
end

function check(r)
  local answer = ask(question(r))
  if not answer or answer.status >= 500 or (answer.status < 300 and answer.status ~= 200) then
    r.err_headers_out["Retry-After"] = "1"
    return 503
  end
  if answer.status == 200 then
    reduceConnection(r)
    for _, name in ipairs(identity) do
      r.headers_in[name] = answer.headers[name:lower()] or ""
    end
    return apache2.OK
  end
  for _, name in ipairs({ "WWW-Authenticate", "Location", "Retry-After", "Cache-Control" }) do
    local value = answer.headers[name:lower()]
    if value then r.err_headers_out[name] = value end
  end
  return answer.status
end
