-- How full licences are. KEYS: 12 to 14 of look, as 1 to 3. ARGV: how many of the fullest
-- -> ok licenses inUse seats names words
local sums = redis.call('HMGET', KEYS[3], 'licenses', 'inUse', 'seats')
local names, words = redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1] - 1), {}
if #names > 0 then words = redis.call('HMGET', KEYS[1], unpack(names)) end
for i = 1, #names do words[i] = words[i] or '' end
return {'ok', sums[1] or '0', sums[2] or '0', sums[3] or '0', names, words}
