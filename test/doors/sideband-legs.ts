// What a kit sends on its two legs.

export const asked = {
  source_ip: '203.0.113.9',
  source_port: '36658',
  method: 'POST',
  url: 'https://api.example:443/p?b=2&a=1%20z',
  http_version: '1.1',
  headers: [
    { host: 'api.example' },
    { 'content-type': 'application/json' },
    { 'content-type': '  charset=utf-8' },
    { accept: 'text/html' },
  ],
  body: '{"grüße":"\u{1F600}","tab":"\\t"}',
}
export const answered = {
  method: 'POST',
  url: 'https://api.example:443/p',
  http_version: '1.1',
  response_code: '200',
  response_status: 'OK',
  headers: [{ 'set-cookie': 'a=1' }, { 'set-cookie': 'b=2' }],
  body: '<p>',
}
