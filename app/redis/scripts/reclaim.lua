-- Frees expired seats. -> ok endings origins | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
reclaim()
return {'ok', waiting()}
