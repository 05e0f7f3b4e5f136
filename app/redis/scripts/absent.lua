-- Which leases hold no seat? ARGV: leases -> ok now leases | cold
if redis.call('HGET', state, 'run') ~= run() then return {'cold'} end
local absent = {}
for _, lease in ipairs(ARGV) do
  if not redis.call('ZSCORE', leases, lease) then absent[#absent + 1] = lease end
end
return {'ok', int(now), absent}
