CREATE EXTENSION interest;
SELECT interest_load_encoder('minilm', :'directory') AS encoder \gset
CREATE TABLE behaviour ("user" text, fold int, posted_at timestamptz, message text PRIMARY KEY,
	thread text, interest text, subject text, body text);

-- What a system said of a message, or of a user by some messages.
CREATE TABLE prediction (protocol text, system text, fold int, task text, "user" text, id text, actual text, scores interest_score[]);
-- The interests of which one is that of all messages of a user, nine times in ten.
CREATE TABLE conformal (protocol text, fold int, "user" text, actual text, interests text[]);
