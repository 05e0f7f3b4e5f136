-- The heartbeat. It is nearly all that the server is asked for, so it stands alone,
-- without the shared beginning, and leaves one question to its caller: whether the
-- state was loaded in this server process. The caller learns the process's id in the
-- same round trip, for many heartbeats at once (INFO costs as much as all the rest of
-- this script). What it changes in state of another process is replaced by the load
-- that follows.
-- KEYS: 1 state, 2 leases, 3 holders, as in the shared beginning. ARGV: lease, user
-- -> run, then: ok|revived expiry interval | absent | expired | holder | status
--    ('' for run: there is no state)
local state, leases, holders, lease = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local s = redis.call('HMGET', state, 'run', 'status', 'ttl', 'interval', 'till', 'limit')
local run = s[1]
if not run then return {''} end
local expiry = redis.call('ZSCORE', leases, lease)
if not expiry then return {run, 'absent'} end
local owner, kind = string.match(redis.call('HGET', holders, lease) or '', '^%x+:(%x+):(%a)$')
if owner ~= ARGV[2] then return {run, 'holder'} end
if s[2] ~= 'active' then return {run, 'status', s[2]} end
local time = redis.call('TIME')
local now, till = time[1] * 1000000 + time[2], tonumber(s[5])
if till > 0 and now >= till then return {run, 'status', 'expired'} end
local word = 'ok'
if tonumber(expiry) <= now then
  -- A borrowed lease that is over stays so.
  if kind == 'b' then return {run, 'expired'} end
  local live = redis.call('ZCOUNT', leases, '(' .. string.format('%.0f', now), '+inf')
  if live >= tonumber(s[6]) then return {run, 'expired'} end
  word = 'revived'
end
if kind == 'b' then return {run, word, string.format('%.0f', expiry), s[4]} end
local extended = string.format('%.0f', now + s[3])
redis.call('ZADD', leases, extended, lease)
return {run, word, extended, s[4]}
