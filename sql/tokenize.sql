--
-- Tokens as the encoder sees them
--
\getenv tiny INTEREST_TINY
-- The widths that psql gives to invisible characters differ by version.
\pset format unaligned
SELECT interest_load_encoder('tiny', :'tiny' || '/tiny');
SELECT interest_load_encoder('cased', :'tiny' || '/variants/cased');

SELECT * FROM interest_tokenize('The last Night', 'tiny');
SELECT * FROM interest_tokenize('The last Night', encoder => 'cased');

-- Special tokens, unknown words, accents, Han, jamo, controls.
SELECT body, (SELECT string_agg(token, ' ' ORDER BY ordinal) FROM interest_tokenize(body, 'tiny')) AS tokens
FROM (VALUES (''), (' '), (E'\t\n'), ('[MASK] of the king[SEP]queen'), ('[mask]'), ('unknownword zzz€'), ('café NAÏVE'),
	('日本語'), ('한국'), ('e-mail@example.com'), (E'a\u200Bb\u00ADc')) AS t (body);

-- max_length counts [CLS] and [SEP].
SELECT count(*), min(token), max(ordinal) = count(*) AS numbered, max(token) FILTER (WHERE ordinal = 64) AS last
FROM interest_tokenize(repeat('[MASK] ', 100), 'tiny');
SELECT count(*) FROM interest_tokenize(repeat('star ', 2000000), 'tiny');

-- Rows of a NULL, side by side, and stopped early.
SELECT count(*) FROM interest_tokenize(NULL, 'tiny');
SELECT b, t.* FROM (VALUES ('a'), ('b')) AS s (b), interest_tokenize(b, 'tiny') AS t;
SELECT (interest_tokenize('star wars', 'tiny')).token LIMIT 2;

SELECT interest_drop_encoder('tiny');
SELECT interest_drop_encoder('cased');
