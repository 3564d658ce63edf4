local row = aligned(KEYS[1])
local spent = row.day == math.floor(now / DAY_S) and row.spent or 0
local workers = redis.call('ZCOUNT', KEYS[2], said(now - ARGV[2]), said(now + ARGV[2]))
return {spent, said(math.max(0, row.paused_until - now)), workers}
