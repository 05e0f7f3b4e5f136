-- Forgets endings that the ledger has. ARGV: lease ('' for none), then pairs of
-- ending and time; an ending that was renewed since then stays.
-- -> held | lost | cold
for i = 2, #ARGV, 2 do
  local at = redis.call('ZSCORE', endings, ARGV[i])
  if at and tonumber(at) <= tonumber(ARGV[i + 1]) then redis.call('ZREM', endings, ARGV[i]) end
end
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
if ARGV[1] ~= '' and not redis.call('ZSCORE', leases, ARGV[1]) then return {'lost'} end
return {'held'}
