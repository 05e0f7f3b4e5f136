-- Counts live seats. -> ok inUse next now | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
local first = redis.call('ZRANGEBYSCORE', leases, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {'ok', live(), first[2] or '0', int(now)}
