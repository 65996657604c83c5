#!/usr/bin/perl
# Stands in the place of a program of a node whose clock goes wrong, under that program's name: runs the real one and moves the
# times of day that it prints. It ends as the real one does, and neither outlives the other.
#
#   ping      -D: [1700000000.123456] at the beginning of a line
#   tcpdump   the records of `-w -`, in either precision, and the seconds of -tt; what it reads from a file (-r) was moved before
use strict;
use warnings;
use Errno qw(EINTR);
use Time::HiRes ();

use constant { FILE_HEADER => 24, RECORD_HEADER => 16, CHUNK => 1 << 18 };

my ($name) = $0 =~ m{([^/]+)$};
my $real = "/usr/libexec/clock/$name";
sub become { exec $real, @_ or die "$real: $!\n" }

my $packets = grep { $ARGV[$_] eq '-w' && ($ARGV[$_ + 1] // '') eq '-' } 0 .. $#ARGV;
my $seconds = grep({ $_ eq ($name eq 'ping' ? '-D' : '-tt') } @ARGV) && !grep { $_ eq '-r' } @ARGV;
become(@ARGV) unless $packets || $seconds;

pipe my $out, my $out_end or die "pipe: $!\n";
my $pid = fork // die "fork: $!\n";
unless ($pid) {
    open STDOUT, '>&', $out_end or die "stdout: $!\n";
    exec 'setpriv', '--pdeathsig', 'KILL', $real, @ARGV or die "setpriv: $!\n";
}
close $out_end;
for my $signal (qw(INT TERM HUP QUIT USR1 USR2)) { $SIG{$signal} = sub { kill $signal, $pid } }
binmode $_ for $out, *STDOUT;

my ($have, $resolution) = ('');
while (1) {
    my $got = sysread $out, $have, CHUNK, length $have;
    next if !defined $got && $! == EINTR;
    put(take($got ? 0 : 1));
    last unless $got;
}
waitpid $pid, 0;
if (my $signal = $? & 127) { $SIG{$signal} = 'DEFAULT'; kill $signal, $$ }
exit $? >> 8;

# Whole records or lines; at the end whatever is left.
sub take {
    my ($over) = @_;
    my $done = $packets ? records() : lines();
    return $over ? $done . $have : $done;
}
sub lines {
    my $end = 1 + rindex $have, "\n";
    my $text = substr $have, 0, $end, '';
    $text =~ s/^(\[?)(\d+)\.(\d{6})/$1 . moved($2, $3)/gem;
    return $text;
}
sub moved {
    my ($s, $us) = Time::HiRes::clock_moved($_[0], $_[1], 1_000_000);
    return sprintf '%d.%06d', $s, $us;
}
sub records {
    my ($done, $at) = ('', 0);
    unless (defined $resolution) {
        return '' if length $have < FILE_HEADER;
        my $magic = unpack 'L', $have;
        $resolution = { 0xa1b2c3d4 => 1_000_000, 0xa1b23c4d => 1_000_000_000 }->{$magic} or die sprintf "magic %x\n", $magic;
        $at = FILE_HEADER;
    }
    my $last = length($have) - RECORD_HEADER;
    while ($at <= $last) {
        my ($s, $part, $bytes) = unpack 'L3', substr $have, $at, 12;
        last if $at + $bytes > $last;
        substr $have, $at, 8, pack 'L2', Time::HiRes::clock_moved($s, $part, $resolution);
        $at += RECORD_HEADER + $bytes;
    }
    return substr $have, 0, $at, '';
}
sub put {
    my ($bytes) = @_;
    for (my $done = 0; $done < length $bytes;) {
        my $put = syswrite STDOUT, $bytes, length($bytes) - $done, $done;
        next if !defined $put && $! == EINTR;
        # Nobody reads any more: so the real program learns it too.
        unless ($put) { kill 'PIPE', $pid; exit 1 }
        $done += $put;
    }
}
