local spacing_s, per_day, longest_wait_s = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local row = aligned(KEYS[1])

local function left()
  if per_day < 0 then return -1 end
  local today = math.floor(now / DAY_S)
  if row.day == today then return math.max(0, per_day - row.spent) end
  return row.day > today and 0 or per_day
end

if row.paused_until > now then
  write(KEYS[1], row)
  return {0, '0', said(row.paused_until - now), left()}
end
local at = math.max(row.next_at, now)
local day = math.max(math.floor(at / DAY_S), row.day)
local spent = day == row.day and row.spent or 0
if per_day >= 0 and spent >= per_day then
  day, spent = day + 1, 0
  at = math.max(at, day * DAY_S)
end
local taken = at - now <= longest_wait_s
if taken then
  row.next_at, row.day, row.spent = at + spacing_s, day, spent + 1
end
write(KEYS[1], row)
return {taken and 1 or 0, said(at - now), '0', left()}
