-- The heartbeat. ARGV: lease, user
-- -> ok|revived expiry interval | cold | absent | expired | holder | status
local lease, user = ARGV[1], ARGV[2]
local s = redis.call('HMGET', state, 'run', 'status', 'ttl', 'interval', 'till', 'limit')
if not s[1] or s[1] ~= run() then return {'cold'} end
local expiry = redis.call('ZSCORE', leases, lease)
if not expiry then return {'absent'} end
local _, owner, kind = holder(lease)
if owner ~= user then return {'holder'} end
if s[2] ~= 'active' then return {'status', s[2]} end
local till = tonumber(s[5])
if till > 0 and now >= till then return {'status', 'expired'} end
expiry = tonumber(expiry)
if expiry <= now then
  if kind == 'b' or live() >= tonumber(s[6]) then return {'expired'} end
  redis.call('ZADD', leases, int(now + s[3]), lease)
  return {'revived', int(now + s[3]), s[4]}
end
if kind == 'f' then
  expiry = now + s[3]
  redis.call('ZADD', leases, int(expiry), lease)
end
return {'ok', int(expiry), s[4]}
