-- Makes a cold licence warm with what was put aside. KEYS 6 to 8 as in stage.
-- ARGV: seats, limit, ttl, interval, status, till -> loaded | warm
if redis.call('HGET', state, 'run') == run() then
  redis.call('UNLINK', KEYS[6], KEYS[7], KEYS[8])
  return {'warm'}
end
redis.call('UNLINK', state, leases, holders, devices)
if redis.call('EXISTS', KEYS[6]) == 1 then
  for i = 6, 8 do
    redis.call('RENAME', KEYS[i], KEYS[i - 4])
    redis.call('PERSIST', KEYS[i - 4])
  end
end
for _, ending in ipairs(redis.call('ZRANGE', endings, 0, -1)) do
  local lease = string.match(ending, '^%S+')
  if redis.call('ZSCORE', leases, lease) then spare(lease) end
end
configure(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
redis.call('HSET', state, 'run', run())
return {'loaded'}
