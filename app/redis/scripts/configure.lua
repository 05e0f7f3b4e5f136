-- Brings the numbers up to date. ARGV as load's. -> ok | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
configure(unpack(ARGV, 1, 7))
return {'ok'}
