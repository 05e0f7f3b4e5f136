-- Takes a seat, or finds the device's. Until it is confirmed, a new one is pending and is
-- kept for a short time only, and one that was held before stays what it is until then.
-- ARGV: lease, claim, device, user, kind, length, revive, pending time, groups of the user, who
-- asks, whether another device may lose its seat (1), whether nothing happens by later terms than
-- those given (1), then pairs of name and value
-- -> new|held|joined lease kind granted expiry endings origins group grace regrouped (1 when the group
--    is not the one that the device's seat counts to now: that is for confirm, when the ledger has it)
--    shortens (1 when the seat is taken for longer than that: its holder was told so, until confirm)
--    | takes, with the same, when one would have to and may not: nothing is reserved | cold | changed | backlog | full seats inUse next | reserved seats inUse next kept | limit seats inUse | taken | ended REASON |
--    holder | status STATUS
local lease, claim, device, user, kind, length, revive, short, of, origin, may, exact = unpack(ARGV, 1, 12)
if not warm() then return {'cold'} end
if configure(13, #ARGV) ~= ARGV[#ARGV] and exact == '1' then return {'changed'} end
local s = redis.call('HMGET', state, 'run', 'status', 'seats', 'limit', 'ttl', 'till', 'users', 'reserved', 'take', 'paced')
if not s[1] then return {'cold'} end
if s[2] ~= 'active' then return {'status', s[2]} end
-- A lease ends with its licence at the latest: a new one and a borrow with its own end, what is
-- renewed with the grace after it.
local grace, finish = terms()
local limit, till = tonumber(s[4]), tonumber(s[6])
if till == 0 then till = math.huge end
if now >= finish then return {'status', 'expired'} end
reclaim()
if redis.call('ZCARD', endings) > most or redis.call('ZCARD', leases) > live() then return {'backlog'} end

local mine = redis.call('HGET', devices, device)
if now >= till and (not mine or kind == 'b') then return {'status', 'expired'} end
local expiry, answer = math.min(now + length, kind == 'b' and till or finish), 'new'

-- reserved lists the groups that have reserved seats, and how many of these are free.
local member, keeps, reserved = {}, 0, {}
for group in string.gmatch(of, '%x+') do member[group] = true end
for group, seats in string.gmatch(s[8] or '', '(%x+):(%d+)') do
  local left = seats - count('g', group)
  reserved[#reserved + 1] = {group = group, left = left}
  keeps = keeps + math.max(0, left)
end

-- place returns the group of which the user gets a reserved seat, '' for one of the rest, and
-- nil when there is none, with so many seats taken and kept.
local function place(taken, keep)
  for _, one in ipairs(reserved) do
    if member[one.group] and one.left > 0 and taken + keep - one.left < limit then return one.group end
  end
  if taken + keep < limit then return '' end
end

-- idlest returns the lease to take a seat from: the floating one that is silent for longest,
-- and at least as long as the licence says, if its end lets the user in. It looks at `looked` of those
-- that are free soonest, `most` at a time: borrowed ones may be before it, and those whose end lets nobody in.
local looked = 10 * most
local function idlest(taken)
  -- over says that a borrow has ended by which a load has brought its lease back: then only the seat is left.
  local claimed = redis.call('EXISTS', claims) == 1
  local function over(lease)
    local till = claimed and tonumber(redis.call('HGET', claims, lease) or '')
    return till and till <= now
  end
  local refusedGroups = {}
  for from = 0, looked - 1, most do
    local some, names = redis.call('ZRANGE', leases, from, from + most - 1, 'WITHSCORES'), {}
    if #some == 0 then return end
    for i = 1, #some, 2 do names[#names + 1] = some[i] end
    local held, theirs = redis.call('HMGET', holders, unpack(names)), {}
    if #reserved > 0 then theirs = redis.call('HMGET', groups, unpack(names)) end
    for i, lease in ipairs(names) do
      local its = theirs[i] or ''
      local kind = string.sub(held[i] or '', -1)
      if not refusedGroups[its] and (kind == 'f' or kind == 'b' and over(lease)) then
        local seat, grace = tonumber(some[2 * i]), kind == 'f' and grace or 0
        -- Near the licence's end nobody can say how long one is silent, nor where a longer lease time of before
        -- has promised its seat.
        local silent = seat < finish and math.max(0, math.min(now + s[5] + grace - seat, now - (s[10] or 0))) or 0
        -- Those behind it are silent for less.
        if silent < tonumber(s[9]) then return end
        local keep = keeps
        for _, one in ipairs(reserved) do
          if one.group == its then
            if one.left >= 0 then keep = keep + 1 end
            one.left = one.left + 1
          end
        end
        local group = place(taken - 1, keep)
        if group then return lease, group end
        for _, one in ipairs(reserved) do
          if one.group == its then one.left = one.left - 1 end
        end
        -- Nor does the end of another one of the same group let the user in.
        refusedGroups[its] = true
      end
    end
  end
end

local group, regrouped, shortens = nil, '', ''
local pending = math.min(now + short, expiry)
if mine then
  local _, owner, was = holder(mine)
  if owner ~= user then return {'holder'} end
  if revive == '1' and mine ~= lease then return {'taken'} end
  lease, answer = mine, 'held'
  local before = tonumber(redis.call('ZSCORE', leases, lease))
  if was == 'p' then
    redis.call('HSET', claims, lease, claim)
    answer = 'joined'
  else
    -- A floating one that stays one lives by the terms of now: a seat that is taken for longer, by
    -- the terms of before, says nothing about what its holder is told.
    local floats = was == 'f' and kind == 'f'
    if not floats then kind, expiry = kept(was, told(lease, before, was, grace), kind, expiry) end
    expiry = math.min(expiry, finish)
    -- A lease that was held before has its heartbeat.
    pending = math.min(seated(now + s[5], 'f', grace, finish), seated(expiry, kind, grace, finish))
    -- As a heartbeat does, this ends a borrow whose holder is back.
    if was == 'b' and kind == 'f' then hold(lease, before, device, user, kind) end
    -- The answer may fail yet, and what its holder was told before holds until then.
    if floats and pending < before then
      shortens = '1'
      redis.call('HSET', claims, lease, int(before))
    end
  end
  redis.call('ZADD', leases, int(math.max(before, pending)), lease)
  local its = redis.call('HGET', groups, lease) or ''
  group = its
  if not member[group] then
    group = ''
    for _, one in ipairs(reserved) do
      if group == '' and member[one.group] and one.left > 0 then group = one.group end
    end
  end
  if group ~= its then regrouped = '1' end
else
  local over = ended(lease)
  if over then return {'ended', over} end
  local each = tonumber(s[7] or 0)
  if each > 0 and count('u', user) >= each then return {'limit', each, count('u', user)} end
  local taken = live()
  group = place(taken, keeps)
  if not group and s[9] and s[9] ~= '' and revive == '0' and kind == 'f' then
    if redis.call('ZCARD', endings) >= most then return {'backlog'} end
    local victim
    victim, group = idlest(taken)
    if victim and may ~= '1' then return {'takes', lease, kind, int(now), int(expiry), {}, {}, '', ''} end
    if victim then free(victim, 'taken', origin) end
  end
  if not group then
    local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
    return {taken < limit and 'reserved' or 'full', s[3], taken, first[2] or '0', int(math.min(keeps, math.max(0, limit - taken)))}
  end
  hold(lease, pending, device, user, 'p')
  redis.call('HSET', claims, lease, claim)
  spare(lease)
  look(pending)
  if redis.call('HGET', state, 'indexed') == '1' then assign(lease, group) end
end
local found, by = waiting()
return {answer, lease, kind, int(now), int(expiry), found, by, group, now >= till and '1' or '', regrouped, shortens}
