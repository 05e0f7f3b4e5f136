-- Makes a cold licence warm with what was put aside. KEYS 12 to 20 as in stage.
-- ARGV: whether an index was made (1), then pairs of name and value -> loaded | warm | cold
if warm() then
  redis.call('UNLINK', unpack(KEYS, 12, 20))
  return {'warm'}
end
-- What was read before a loss may miss what was granted in between, and what was put aside
-- may be gone with it.
if redis.call('GET', KEYS[18]) ~= mark() then
  redis.call('UNLINK', KEYS[20], unpack(KEYS, 12, 18))
  return {'cold'}
end
local loads = redis.call('HGET', state, 'loads') or 0
redis.call('UNLINK', state, leases, holders, devices, claims, index, groups, KEYS[15], KEYS[18], KEYS[19])
for from, to in pairs({[12] = leases, [13] = holders, [14] = devices, [16] = index, [17] = groups, [20] = claims}) do
  if redis.call('EXISTS', KEYS[from]) == 1 then
    redis.call('RENAME', KEYS[from], to)
    redis.call('PERSIST', to)
  end
end
redis.call('HSET', state, 'indexed', ARGV[1], 'loads', loads + 1)
configure(2, #ARGV)
local run, history = server()
redis.call('HSET', state, 'run', run, 'history', history)
look(now)
return {'loaded'}
