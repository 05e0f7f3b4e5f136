-- Forgets a licence that the ledger does not have, as after an older backup was restored. Nobody can be told
-- of its endings, and who ended a lease would be named in them for ever. One that is warm stays.
-- KEYS 12 to 14 as in look. -> ok | warm
if warm() then return {'warm'} end
redis.call('UNLINK', state, leases, holders, devices, endings, claims, origins, index, groups)
redis.call('ZREM', due, member())
redis.call('ZREM', named, member())
local used, seats = string.match(redis.call('HGET', KEYS[12], member()) or '', '^(%d+) (%d+)$')
if used then
  for name, by in pairs({licenses = 1, inUse = used, seats = seats}) do redis.call('HINCRBY', KEYS[14], name, -by) end
  redis.call('HDEL', KEYS[12], member())
  redis.call('ZREM', KEYS[13], member())
end
return {'ok'}
