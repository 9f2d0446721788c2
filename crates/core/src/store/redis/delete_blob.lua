#!lua
-- Deletes a blob that was put before a time; answers 1 if so. KEYS as for put_blob. ARGV: digest, time in ms.
local known = redis.call('HGET', KEYS[3], ARGV[1])
if not known or tonumber(string.match(known, ' (%d+)$')) >= tonumber(ARGV[2]) then return 0 end
redis.call('UNLINK', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
