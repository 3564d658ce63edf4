-- The same as in arithmetic.py. ARGV[1] takes the place of the time of Redis, in tests.
local DAY_S = 86400
local time = redis.call('TIME')
local now = tonumber(ARGV[1]) or (tonumber(time[1]) + tonumber(time[2]) / 1000000)

local function said(number)
  return string.format('%.17g', number)
end

local function aligned(key)
  local found = redis.call('HMGET', key, 'stamped_at', 'next_at', 'day', 'spent', 'paused_until')
  local back_s = math.max(0, (tonumber(found[1]) or 0) - now)
  return {
    next_at = (tonumber(found[2]) or 0) - back_s,
    day = math.min(tonumber(found[3]) or 0, math.floor(now / DAY_S) + 1),
    spent = tonumber(found[4]) or 0,
    paused_until = (tonumber(found[5]) or 0) - back_s,
  }
end

local function write(key, row)
  redis.call('HSET', key, 'stamped_at', said(now), 'next_at', said(row.next_at),
    'day', said(row.day), 'spent', said(row.spent), 'paused_until', said(row.paused_until))
  -- Whom nobody calls is forgotten, but no sooner than its day and its pause are over.
  redis.call('EXPIRE', key, 2 * DAY_S + math.floor(math.max(0, row.paused_until - now)))
end
