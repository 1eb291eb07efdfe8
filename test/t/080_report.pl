# The page of a model in a real browser: it loads without a complaint, fetches
# nothing, fits a phone and a desk, and is legible in light and dark, whatever
# names, labels and texts say.  The screenshots stay in tmp_check, to be looked at.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use InterestTest;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($browser) = grep { defined && -x } $ENV{INTEREST_BROWSER}, map { "/usr/bin/$_" } qw(chromium chromium-browser google-chrome);
plan skip_all => 'there is no Chromium: test/setup.sh browser installs it' unless $browser;
my $tiny = tiny_encoder();

# The page, of a model that hates pages.
my $node = new_node('report');
$node->safe_psql('postgres', <<"EOS");
SELECT interest_load_encoder('tiny', '$tiny');
CREATE TABLE "<i>seen" AS
SELECT CASE WHEN p = 9 THEN '<img src=/image onerror=alert(1)>' ELSE 'p' || p END AS person, timestamptz '2024-01-01 UTC' + make_interval(days => i * 9 + p % 5) AS at,
	(ARRAY['the music of the night', 'a sport story for the street', 'space robot travel'])[(p * 7 + i / 5) % 3 + 1] || '</title><script src=/script>alert(2)</script>' || repeat(' so', 3500) AS title,
	(ARRAY['<script>alert(1)</script>', U&'\\05E9\\05DC\\05D5\\05DD \\202Eevil', U&'\\+01F468\\200D\\+01F469\\200D\\+01F467 ''";--&amp;' || repeat('y', 900), E'a\\x01\\x1b[0m]]>b'])[(p * 7 + i / 5) % 4 + 1] AS topic
FROM generate_series(1, 120) p, generate_series(1, 12) i;
SELECT interest_create_model('</title>"<b>&', '"<i>seen"', encoder => 'tiny', user_id => 'person', at => 'at', texts => '{title}', label => 'topic', task => 'next', options => '{"dimensions": 16}');
SELECT count(*) FROM interest_train('</title>"<b>&', epochs => 2);
EOS

my %pages = (
	'/report' => $node->safe_psql('postgres', q{SELECT interest_report('</title>"<b>&', '{p7,"<img src=/image onerror=alert(1)>"}')}),
	'/words' => $node->safe_psql('postgres', q{SELECT interest_picture('words', body => '<script src=/script>alert(1)</script> night & music ' || U&'\05E9\05DC\05D5\05DD' || repeat(' robot', 50), model => '</title>"<b>&')}),
	'/control' => '<!DOCTYPE html><title>x</title><img src="/image"><script>console.error("a complaint")</script>');

# What a page shows in frames of a phone's and a desk's width, as lines of the
# document.  Heights and contrasts are the least of all texts of its pictures.
$pages{'/look'} = <<'EOS';
<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script>
function luminance(color) {
	const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
	const [x, y] = [luminance(a), luminance(b)].sort((x, y) => y - x);
	return (x + 0.05) / (y + 0.05);
}
function look(width, view, page) {
	const of = selector => [...page.querySelectorAll(selector)];
	const texts = of('svg text').filter(t => t.textContent.trim() !== '');
	const outside = texts.filter(t => {
		const a = t.getBoundingClientRect(), b = t.closest('svg').getBoundingClientRect();
		return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
	});
	const say = (name, value) => { const p = document.createElement('p'); p.textContent = `${width} ${name}: ${value}`; document.body.append(p); };
	say('title', page.title);
	say('pictures', of('svg').length);
	say('scripts and images', of('script, img, iframe, object, [onerror], [onload]').length);
	say('too wide', page.documentElement.scrollWidth > view.innerWidth);
	say('least height', Math.min(...texts.map(t => t.getBoundingClientRect().height)) >= 10);
	say('texts outside', outside.map(t => t.textContent).join(' / '));
	say('contrast', Math.min(...texts.map(t => contrast(view.getComputedStyle(t).fill, view.getComputedStyle(t.closest('svg').querySelector('.paper')).fill))) >= 4.5);
	say('text on page', contrast(view.getComputedStyle(page.body).color, view.getComputedStyle(page.body).backgroundColor) >= 7);
	say('dark', luminance(view.getComputedStyle(page.body).backgroundColor) < 0.5);
}
for (const width of [360, 1280]) {
	const frame = document.createElement('iframe');
	frame.style.cssText = `width:${width}px;height:800px;border:0`;
	frame.onload = () => look(width, frame.contentWindow, frame.contentDocument);
	frame.src = '/report';
	document.body.append(frame);
}
</script>
EOS

# A server that has these pages, and writes down what is asked of it, whatever the host.
my $socket = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no socket: $!";
my $port = $socket->sockport;
my $asked = "$PostgreSQL::Test::Utils::tmp_check/asked";
my $server = fork // die "no fork: $!";
if ($server == 0)
{
	local $SIG{CHLD} = 'IGNORE';

	while (my $client = $socket->accept)
	{
		# A process each: a browser opens connections before it needs them.
		fork // die "no fork: $!" and next;
		my ($request, $line) = ('', '');

		$request .= $line while defined($line = <$client>) && $line !~ /^\s*$/;
		if (my ($path) = $request =~ m{^[A-Z]+ (?:http://[^/]*)?(/\S*) HTTP})
		{
			my $type = $path eq '/words' ? 'image/svg+xml' : 'text/html; charset=utf-8';

			# What Chromium asks its makers for is no concern of the page.
			append_to_file($asked, "$path\n") unless $request =~ /^Host: \S*\.(?:google|googleapis|gvt1)\.com\b/mi;
			print $client "HTTP/1.0 " . (exists $pages{$path} ? '200 OK' : '404 Not Found') . "\r\nContent-Type: $type\r\n\r\n" . ($pages{$path} // '');
		}
		close $client;
		POSIX::_exit(0);
	}
	POSIX::_exit(0);
}
END { local $?; kill 'TERM', $server if $server; }

# Runs the browser on a page; what it writes, what it complains of, and what it fetched.
sub browse
{
	my ($page, @options) = @_;
	my ($out, $err) = ('', '');

	unlink $asked;
	IPC::Run::run([ $browser, qw(--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking
				--disable-component-update --disable-default-apps --disable-sync --disable-extensions --enable-logging=stderr --virtual-time-budget=5000),
			"--user-data-dir=$PostgreSQL::Test::Utils::tmp_check/browser", "--host-resolver-rules=MAP * 127.0.0.1:$port", @options, "http://page.test$page" ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($out, [ $err =~ /:CONSOLE[^\n]*\] (.*)/g ], [ sort split /\n/, -e $asked ? slurp_file($asked) : '' ]);
}

my @schemes = ([ 'light', '--blink-settings=preferredColorScheme=1' ], [ 'dark', '--blink-settings=preferredColorScheme=0' ]);

# Complaints and fetches are seen where there are some.
my ($out, $complaints, $fetched) = browse('/control', '--dump-dom');
is(scalar(grep { /a complaint/ } @$complaints), 1, 'a complaint is seen');
is(scalar(grep { $_ eq '/image' } @$fetched), 1, 'a fetch is seen');

foreach my $scheme (@schemes)
{
	my ($name, $option) = @$scheme;

	($out, $complaints, $fetched) = browse('/look', '--dump-dom', $option);
	is_deeply($fetched, [ '/look', '/report', '/report' ], "$name: nothing else is fetched");
	is_deeply($complaints, [], "$name: no complaints");
	my @lines = $out =~ m{<p>(.*?)</p>}g;
	my $dark = $name eq 'dark' ? 'true' : 'false';
	foreach my $width (360, 1280)
	{
		is_deeply([ grep { /^$width / } @lines ],
			[ map { "$width $_" } 'title: Model &lt;/title&gt;"&lt;b&gt;&amp;', 'pictures: 9', 'scripts and images: 0', 'too wide: false', 'least height: true',
				'texts outside: ', 'contrast: true', 'text on page: true', "dark: $dark" ], "$name: legible at a width of $width");
	}
}

# For people to look at.
my %size;
foreach my $page ('report', 'words')
{
	foreach my $scheme (@schemes)
	{
		foreach my $form ([ 'phone', '390,3000' ], [ 'desk', '1280,2000' ])
		{
			my $file = "$PostgreSQL::Test::Utils::tmp_check/$page-$form->[0]-$scheme->[0].png";

			next if $page eq 'words' && $form->[0] eq 'desk';
			(undef, $complaints, $fetched) = browse("/$page", "--window-size=$form->[1]", "--screenshot=$file", $scheme->[1]);
			cmp_ok(-s $file // 0, '>', 10000, "a screenshot: $file");
			is_deeply([ @$complaints, grep { $_ ne "/$page" && $_ ne '/favicon.ico' } @$fetched ], [], 'nothing is fetched for it');
		}
	}
}

done_testing();
