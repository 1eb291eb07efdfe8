-- Trains a model on the users of other folds and asks it about those of one.
--
-- protocol, system, fold   what the answers are filed under
-- rows, labelled           conditions: which rows it may see, and of which of them the label
-- validating               condition: whose rows tell it when to stop and how sure to be
-- asked                    condition: about which messages of the fold it is asked
-- author, label, task, encoder, recipe, options, epochs    the model's, options before the recipe's; an author's label is that of all his messages, "actual"
-- named                    whether it knows the interests' names
-- trained                  whether it learns from the labels
-- sets                     whether it is asked for sets of interests, too
SET client_min_messages = warning;
SELECT 'fold ' || :fold AS model, 'training_' || :fold AS source \gset
CREATE VIEW :source AS
	SELECT "user", message, posted_at, subject, body, CASE WHEN :labelled THEN :label END AS label,
		CASE WHEN :validating THEN 'validation' ELSE 'train' END AS split
	FROM post JOIN dominant USING ("user") WHERE fold <> :fold AND (:rows);
SELECT interest_create_model(:'model', :'source', encoder => nullif(:'encoder', ''), user_id => :'author', at => 'posted_at',
	texts => '{subject,body}', label => 'label', task => :'task', options => jsonb :'recipe' || :'options' || '{"split_column": "split"}',
	interests => CASE WHEN :named THEN names END) AS created FROM naming \gset
\if :trained
SELECT count(*) AS epochs FROM interest_train(:'model', epochs => :epochs) \gset
\endif

CREATE TEMP VIEW test AS
	SELECT "user", message, posted_at, subject, body FROM post WHERE fold = :fold AND (:asked);
INSERT INTO prediction
	SELECT :'protocol', :'system', :fold, task, min(q."user"), id, min(actual), interest_classify(:'model', t)
	FROM question q JOIN test t USING (message) GROUP BY task, id;
\if :sets
INSERT INTO conformal
	SELECT :'protocol', :fold, (SELECT count(DISTINCT "user") / 2 FROM :source WHERE split = 'validation'), "user", min(actual), interest_set(interest_embed(:'model', t), .9)
	FROM test t JOIN dominant USING ("user") GROUP BY "user";
\endif

SELECT interest_drop_model(:'model') AS dropped \gset
DROP VIEW :source;
