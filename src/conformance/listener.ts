export const PORT = 8080;

/**
 * Answers every HTTP request on `PORT` with 200. With the word `burn`, a second process uses all the CPU it gets. Perl with its
 * own modules only, which the agent image has. Nothing in it comes from a user.
 */
const PROGRAM = `use strict; use warnings; use IO::Select; use IO::Socket::IP;
$SIG{PIPE} = 'IGNORE';
if (@ARGV && $ARGV[0] eq 'burn') { my $child = fork; if (defined $child && !$child) { 1 while 1 } }
my %how = (LocalPort => ${PORT}, Listen => 128, ReuseAddr => 1);
my $listener = IO::Socket::IP->new(LocalHost => '::', V6Only => 0, %how) || IO::Socket::IP->new(LocalHost => '0.0.0.0', %how)
  or die "${PORT}: $!\\n";
my $all = IO::Select->new($listener);
my %asked;
while (1) {
  for my $socket ($all->can_read) {
    if ($socket == $listener) { my $one = $listener->accept; $all->add($one) if $one; next }
    if (!sysread $socket, my $text, 4096) { $all->remove($socket); delete $asked{$socket}; close $socket; next }
    else { $asked{$socket} .= $text }
    while ($asked{$socket} =~ s/^(\\S*).*?\\r\\n\\r\\n//s) {
      my $body = $1 eq 'HEAD' ? '' : "ok\\n";
      syswrite $socket, "HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 3\\r\\n\\r\\n$body";
    }
  }
}`;

/** tini as PID 1, as in agents: it reaps, and passes on the signal that ends a pod. */
export const listenerCommand = (...words: readonly "burn"[]): string[] => [
  ...["tini", "-s", "--", "perl", "-e", PROGRAM],
  ...words,
];
