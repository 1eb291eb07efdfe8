SELECT epoch, round(loss::numeric, 4) AS loss, round(validation_loss::numeric, 4) AS validation_loss,
	round(rows_per_second) AS rows_per_second, round(seconds::numeric, 1) AS seconds
FROM interest_train('films');
