-- Makes a cold licence warm with what was put aside. KEYS 11 to 18 as in stage.
-- ARGV: whether an index was made (1), then pairs of name and value -> loaded | warm | cold
if warm() then
  redis.call('UNLINK', unpack(KEYS, 11, 18))
  return {'warm'}
end
-- What was read before a loss may miss what was granted in between, and what was put aside
-- may be gone with it.
if redis.call('GET', KEYS[17]) ~= here() then
  redis.call('UNLINK', unpack(KEYS, 11, 17))
  return {'cold'}
end
redis.call('UNLINK', state, leases, holders, devices, claims, index, groups, KEYS[14], KEYS[17], KEYS[18])
for from, to in pairs({[11] = leases, [12] = holders, [13] = devices, [15] = index, [16] = groups}) do
  if redis.call('EXISTS', KEYS[from]) == 1 then
    redis.call('RENAME', KEYS[from], to)
    redis.call('PERSIST', to)
  end
end
for _, ending in ipairs(redis.call('ZRANGE', endings, 0, -1)) do
  local lease = string.match(ending, '^%S+')
  -- What was given back or taken away is over, though the ledger does not know it yet.
  if ended(lease) then drop(lease) elseif redis.call('ZSCORE', leases, lease) then spare(lease) end
end
redis.call('HSET', state, 'indexed', ARGV[1])
configure(2, #ARGV)
local run, history = server()
redis.call('HSET', state, 'run', run, 'history', history)
look(now)
return {'loaded'}
