#!lua
-- Makes the store if it is not there; answers its schema and its count of buckets. KEYS: meta. ARGV: schema,
-- buckets.
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'buckets', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'schema', 'buckets')
