CREATE EXTENSION interest;
SELECT interest_load_encoder('minilm', :'directory') AS encoder \gset
SELECT mean_cosine FROM interest_quantize_encoder('minilm', 'int8', 'int8') \gset
CREATE TABLE behaviour ("user" text, fold int, posted_at timestamptz, message text PRIMARY KEY,
	thread text, interest text, subject text, body text);

-- What a system said of a message, or of a user by some messages.
CREATE TABLE prediction (protocol text, system text, fold int, task text, "user" text, id text, actual text, scores interest_score[]);
-- Sets that hold the interest of a user nine times in ten, and how many users taught how large they must be.
CREATE TABLE conformal (protocol text, fold int, learned bigint, "user" text, actual text, interests text[]);
