-- Makes a cold licence warm with what was put aside. KEYS 9 to 14 as in stage.
-- ARGV: seats, limit, ttl, interval, status, till, revision -> loaded | warm | cold
if redis.call('HGET', state, 'run') == run() then
  redis.call('UNLINK', unpack(KEYS, 9, 14))
  return {'warm'}
end
-- What was read before a loss may miss what was granted in between, and what was put aside
-- may be gone with it.
if redis.call('GET', KEYS[13]) ~= run() then
  redis.call('UNLINK', unpack(KEYS, 9, 13))
  return {'cold'}
end
redis.call('UNLINK', state, leases, holders, devices, claims, unpack(KEYS, 12, 14))
if redis.call('EXISTS', KEYS[9]) == 1 then
  for i = 9, 11 do
    redis.call('RENAME', KEYS[i], KEYS[i - 7])
    redis.call('PERSIST', KEYS[i - 7])
  end
end
for _, ending in ipairs(redis.call('ZRANGE', endings, 0, -1)) do
  local lease = string.match(ending, '^%S+')
  -- What was given back or taken away is over, though the ledger does not know it yet.
  if ended(lease) then drop(lease) elseif redis.call('ZSCORE', leases, lease) then spare(lease) end
end
configure(unpack(ARGV, 1, 7))
redis.call('HSET', state, 'run', run())
look(now)
return {'loaded'}
