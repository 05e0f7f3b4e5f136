-- Puts leases aside for load. KEYS 9 to 12: the leases, holders and devices aside, and when
-- each device was granted its lease, 13 and 14 as in begin.
-- ARGV: ticket, how long it may do nothing, milliseconds, ttl, then for each lease
-- "lease expiry granted device user kind". Each is kept for a full lease time, since heartbeats
-- may have kept it that long, and for what it was promised if that was longer; only then a
-- borrowed one can still be one -> ok | cold
if redis.call('GET', KEYS[13]) ~= run() then return {'cold'} end
if redis.call('GET', KEYS[14]) == ARGV[1] then redis.call('PEXPIRE', KEYS[14], ARGV[2]) end
local ttl, scores, held, each = ARGV[3], {}, {}, {}
for i = 4, #ARGV do
  local lease, expiry, granted, device, user, kind = string.match(ARGV[i], '^(%S+) (%d+) (%d+) (%x+) (%x+) (%a)$')
  expiry = tonumber(expiry)
  if expiry < now + ttl then expiry, kind = now + ttl, 'f' end
  scores[#scores + 1], scores[#scores + 2] = int(expiry), lease
  held[#held + 1], held[#held + 2] = lease, device .. ':' .. user .. ':' .. kind
  each[#each + 1] = {device = device, lease = lease, granted = tonumber(granted)}
end
-- A device has the lease that it was granted last.
local names, owned, since = {}, {}, {}
for i, one in ipairs(each) do names[i] = one.device end
local known = redis.call('HMGET', KEYS[12], unpack(names))
for i, one in ipairs(each) do
  if one.granted >= (since[one.device] or tonumber(known[i] or '-1')) then owned[one.device], since[one.device] = one.lease, one.granted end
end
local mine, times = {}, {}
for device, lease in pairs(owned) do
  mine[#mine + 1], mine[#mine + 2] = device, lease
  times[#times + 1], times[#times + 2] = device, int(since[device])
end
redis.call('ZADD', KEYS[9], unpack(scores))
redis.call('HSET', KEYS[10], unpack(held))
if #mine > 0 then
  redis.call('HSET', KEYS[11], unpack(mine))
  redis.call('HSET', KEYS[12], unpack(times))
end
-- A load that stops half-way leaves nothing behind.
for i = 9, 12 do redis.call('PEXPIRE', KEYS[i], 120000) end
return {'ok'}
