-- Frees expired seats. -> ok endings | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
reclaim(500)
return {'ok', redis.call('ZRANGE', endings, 0, 499, 'WITHSCORES')}
