-- Brings the numbers up to date. ARGV as the first six of load. -> ok | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
configure(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return {'ok'}
