#!lua
-- Note a shard that is about to be written for the first time. KEYS[1] all shards; ARGV[1] the shard's name.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], redis.call('ZCARD', KEYS[1]), ARGV[1])
return 1
