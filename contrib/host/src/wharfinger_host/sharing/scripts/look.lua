local row = aligned(KEYS[1])
write(KEYS[1], row)
redis.call('ZADD', KEYS[2], said(now), ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. said(now - ARGV[3]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. said(now + ARGV[3]), '+inf')
redis.call('EXPIRE', KEYS[2], 2 * DAY_S)
return {said(math.max(0, row.paused_until - now)), redis.call('ZCARD', KEYS[2])}
