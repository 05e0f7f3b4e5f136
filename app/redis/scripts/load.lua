-- Makes a cold licence warm. ARGV: seats, limit, ttl, interval, status, till, then
-- for each lease: "lease expiry device user kind" (expiry 0: a full lease time)
-- -> loaded | warm
if redis.call('HGET', state, 'run') == run() then return {'warm'} end
redis.call('DEL', state, leases, holders, devices)
configure(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
for i = 7, #ARGV do
  local lease, expiry, device, user, kind = string.match(ARGV[i], '^(%S+) (%d+) (%x+) (%x+) (%a)$')
  expiry = tonumber(expiry)
  if expiry == 0 then expiry = now + tonumber(ARGV[3]) end
  hold(lease, expiry, device, user, kind)
end
redis.call('HSET', state, 'run', run())
return {'loaded'}
