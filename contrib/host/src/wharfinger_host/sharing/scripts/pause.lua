local row = aligned(KEYS[1])
row.paused_until = math.max(row.paused_until, now + ARGV[2])
write(KEYS[1], row)
return 1
