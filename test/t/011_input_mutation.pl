# Hostile input of both types: valid messages and texts with bytes flipped,
# deleted, inserted, cut off.  Each is refused with the code of malformed input,
# or is a sound value that every function can use; the server never falls.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('mutation');
$node->init;
$node->append_conf('postgresql.conf', "log_min_messages = log\nlog_min_error_statement = panic");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION interest');

my %text_of = (
	interest_profile => [
		'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=2 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=0 negative_rows=0',
		'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=2 half_lives=(15552000000000 1209600000000 86400000000) rebuild=0 rows=2 negative_rows=1 newest=694267200000000 newest_rows=1 coarse=((age=0 rows=1 mass=549755813888 sums=(274877906944 -274877906944)) (age=2 rows=1 mass=549755813888 sums=(1 2))) medium=((age=0 rows=1 mass=549755813887 codes=((code=5 mass=549755813887)) sums=(1 0))) fine=((age=0 rows=1 mass=4294967296 sums=(-1 4294967296))) negative=((age=1 rows=1 mass=4294967296 sums=(1 -1)))',
		'interest_profile:1 fingerprint=00112233445566778899aabbccddeeff dimensions=1 half_lives=(5 4 3) rebuild=1 rows=4611686018427387904 negative_rows=0 newest=-1 newest_rows=0 coarse=((age=4 rows=4611686018427387904 mass=5070602400912917605986812821504 sums=(-5070602400912917605986812821503))) medium=() fine=() negative=()',
	],
	interestvec => [
		'interestvec:1 dimensions=1 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=0 negative_rows=0 newest=-9223372036854775808 at=0 mass=(0 0 0 0) gamma=(1 0 0) coarse=(1) medium=(1) fine=(1) negative=(0) user=(1) topics=()',
		'interestvec:1 dimensions=2 representation=00112233445566778899aabbccddeeff reading=ffeeddccbbaa99887766554433221100 rows=3 negative_rows=1 newest=694267200000000 at=694353600000000 mass=(1.5 1.25 0.75 0.5) gamma=(0.5 0.3 0.2) coarse=(1 2) medium=(0.1 -0.25) fine=(-1 0) negative=(0.5 0.125) user=(3 4) topics=((code=3 mass=0.75 vector=(1 0)) (code=1 mass=0.5 vector=(0 1)))',
	]);

# Codes that malformed input may have, and those of times that are none of the server's.
my $refusals = "'22P03', '22P02', '0A000', '08P01'";

$node->safe_psql('postgres', <<"EOS");
CREATE TABLE interest_profile_sent (value interest_profile);
CREATE TABLE interestvec_sent (value interestvec);

-- One message by binary COPY, through the shell's printf.
CREATE FUNCTION send_to(target regclass, message bytea) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
	frame bytea := '\\x5047434f50590aff0d0a00' || int4send(0) || int4send(0) || int2send(1::int2)
		|| int4send(length(message)) || message || '\\xffff';
BEGIN
	EXECUTE format('DELETE FROM %s', target);
	EXECUTE format('COPY %s FROM PROGRAM %L (FORMAT binary)', target,
		'printf ''' || replace(replace(encode(frame, 'escape'), '%', '\\045'), '''', '\\047') || '''');
END \$\$;

-- Every single change of a message, and changes of many bytes, drawn with a fixed seed.
CREATE FUNCTION mutations(message bytea) RETURNS SETOF bytea LANGUAGE plpgsql AS \$\$
DECLARE
	mutant bytea;
BEGIN
	PERFORM setseed(0.25);
	FOR i IN 0 .. length(message) - 1 LOOP
		RETURN NEXT substr(message, 1, i);
		RETURN NEXT substr(message, 1, i) || substr(message, i + 2);
		RETURN NEXT substr(message, 1, i) || '\\x00' || substr(message, i + 1);
		RETURN NEXT substr(message, 1, i) || '\\xff' || substr(message, i + 1);
		FOR bit IN 0 .. 7 LOOP
			RETURN NEXT set_bit(message, 8 * i + bit, 1 - get_bit(message, 8 * i + bit));
		END LOOP;
		RETURN NEXT set_byte(message, i, 255);
		RETURN NEXT set_byte(message, i, 0);
	END LOOP;
	RETURN NEXT message || '\\x00';
	RETURN NEXT message || '\\xff';
	RETURN NEXT message || message;
	FOR i IN 1 .. 100 LOOP
		mutant := message;
		FOR j IN 0 .. (random() * 8)::int LOOP
			mutant := set_byte(mutant, (random() * (length(message) - 1))::int, (random() * 255)::int);
		END LOOP;
		RETURN NEXT mutant;
	END LOOP;
END \$\$;

-- What became of a mutated message or text: the code of its refusal,
-- "sound", or what is wrong with the value that was accepted.
CREATE FUNCTION use_profile(value interest_profile) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	twice interest_profile;
BEGIN
	IF value::text::interest_profile <> value OR interest_profile_cmp(value, value) <> 0
		OR interest_profile_hash(value) <> interest_profile_hash(value::text::interest_profile)
		OR (interest_profile_info(value)).dimensions NOT BETWEEN 1 AND 1024 THEN
		RETURN 'unsound: ' || value::text;
	END IF;
	-- twice the rows, unless there are too many of them
	SELECT merged.value INTO twice FROM (SELECT interest_merge(v) AS value FROM unnest(ARRAY[value, value]) v) merged;
	IF twice::text::interest_profile <> twice
		OR (interest_profile_info(twice)).positive_rows <> 2 * (interest_profile_info(value)).positive_rows THEN
		RETURN 'unsound when merged: ' || value::text;
	END IF;
	RETURN 'sound';
EXCEPTION WHEN datetime_field_overflow OR program_limit_exceeded THEN
	RETURN 'sound';
END \$\$;
CREATE FUNCTION use_reading(value interestvec) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
	IF value::text::interestvec <> value OR interestvec_cmp(value, value) <> 0
		OR interestvec_hash(value) <> interestvec_hash(value::text::interestvec)
		OR abs((value <=> value) - 0.5) > 0.5 OR (value <-> value) <> 0 OR (value <#> value) > 0
		OR array_length(value::real[], 1) <> array_length(interest_granularity(value, 'fine'), 1)
		OR (interestvec_info(value)).dimensions NOT BETWEEN 1 AND 1024 THEN
		RETURN 'unsound: ' || value::text;
	END IF;
	RETURN 'sound';
EXCEPTION WHEN datetime_field_overflow THEN
	RETURN 'sound';
END \$\$;
CREATE FUNCTION outcome(type text, message bytea) RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
	said text;
BEGIN
	PERFORM send_to(type || '_sent', message);
	IF type = 'interest_profile' THEN
		SELECT CASE WHEN interest_profile_send(value) = message THEN use_profile(value) ELSE 'changed: ' || value::text END
		INTO said FROM interest_profile_sent;
	ELSE
		SELECT CASE WHEN interestvec_send(value) = message THEN use_reading(value) ELSE 'changed: ' || value::text END
		INTO said FROM interestvec_sent;
	END IF;
	RETURN said;
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE IN ($refusals) THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END \$\$;
CREATE FUNCTION outcome(type text, body text) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
	RETURN CASE type WHEN 'interest_profile' THEN use_profile(body::interest_profile) ELSE use_reading(body::interestvec) END;
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE IN ($refusals) THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END \$\$;
EOS

# Each set of mutations is one command, so one session lives through all of it.
for my $type (sort keys %text_of)
{
	my $number = 0;

	for my $text (@{ $text_of{$type} })
	{
		$number++;
		my %queries = (
			binary => "SELECT outcome('$type', m) AS became FROM mutations(${type}_send('$text')) m WHERE m <> ${type}_send('$text')",
			# without the bytes that the server itself would refuse in a text
			text => "SELECT outcome('$type', convert_from(m, 'UTF8')) AS became FROM mutations('$text'::bytea) m"
			  . " WHERE m <> '$text'::bytea AND encode(m, 'escape') !~ '[\\\\][0-7]'");

		for my $form (sort keys %queries)
		{
			my $counts = $node->safe_psql('postgres', <<"EOS");
SELECT count(*), count(*) FILTER (WHERE became = 'refused'), count(*) FILTER (WHERE became = 'sound'),
	min(became) FILTER (WHERE became NOT IN ('refused', 'sound')) FROM ($queries{$form}) q;
EOS
			my ($all, $refused, $sound, $wrong) = split /\|/, $counts, 4;

			note "$type $number, $form: $all mutations, $refused refused, $sound sound";
			is($wrong, '', "$type $number, $form: refused or sound");
			cmp_ok($all, '>', 500, "$type $number, $form: there were mutations");
			cmp_ok($refused, '>', 0, "$type $number, $form: some were refused");
			cmp_ok($sound, '>', 0, "$type $number, $form: some were sound");
		}
	}
}

is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server goes on');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'no backend fell');

$node->stop;
done_testing();
