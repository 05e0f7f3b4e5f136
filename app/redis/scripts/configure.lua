-- Brings the numbers up to date. ARGV as load's, and the revision to overrule (0 for none).
-- -> ok REVISION | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
return {'ok', configure(unpack(ARGV, 1, 8))}
