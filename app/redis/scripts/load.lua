-- Makes a cold licence warm with what was put aside. KEYS 8 to 10 as in stage,
-- 11 the mark of begin.
-- ARGV: seats, limit, ttl, interval, status, till, revision -> loaded | warm | cold
if redis.call('HGET', state, 'run') == run() then
  redis.call('UNLINK', unpack(KEYS, 8, 11))
  return {'warm'}
end
-- What was read before a loss may miss what was granted in between, and what was put aside
-- may be gone with it.
if redis.call('GET', KEYS[11]) ~= run() then
  redis.call('UNLINK', unpack(KEYS, 8, 11))
  return {'cold'}
end
redis.call('UNLINK', KEYS[11])
redis.call('UNLINK', state, leases, holders, devices, claims)
if redis.call('EXISTS', KEYS[8]) == 1 then
  for i = 8, 10 do
    redis.call('RENAME', KEYS[i], KEYS[i - 6])
    redis.call('PERSIST', KEYS[i - 6])
  end
end
for _, ending in ipairs(redis.call('ZRANGE', endings, 0, -1)) do
  local lease = string.match(ending, '^%S+')
  -- What was given back or taken away is over, though the ledger does not know it yet.
  if ended(lease) then drop(lease) elseif redis.call('ZSCORE', leases, lease) then spare(lease) end
end
configure(unpack(ARGV, 1, 7))
redis.call('HSET', state, 'run', run())
return {'loaded'}
