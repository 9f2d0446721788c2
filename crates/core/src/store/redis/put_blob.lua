#!lua
-- Keeps a blob, or notes that it was put again. KEYS: content, digests in order, size and time by digest.
-- ARGV: digest, content.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local known = redis.call('HGET', KEYS[3], ARGV[1])
if known and redis.call('EXISTS', KEYS[1]) == 1 then
    now = math.max(now, tonumber(string.match(known, ' (%d+)$')))
else
    redis.call('SET', KEYS[1], ARGV[2])
    redis.call('ZADD', KEYS[2], 0, ARGV[1])
end
redis.call('HSET', KEYS[3], ARGV[1], #ARGV[2] .. ' ' .. string.format('%.0f', now))
return 1
