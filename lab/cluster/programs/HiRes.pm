# Found by perl before its own Time::HiRes on a node whose clock goes wrong: that one, with another time of day. Clocks that count
# from the start of the machine are left alone.
package Time::HiRes;
use strict;
use warnings;

BEGIN {
    local @INC = grep { $_ ne '/etc/perl' } @INC;
    do 'Time/HiRes.pm' or die $@ || "Time::HiRes: $!\n";
}

# How far it is ahead, by how much it gains, and since when (then by the time since the start of the machine).
my ($offset_ms, $drift_ppm, $began_s) = do {
    open my $file, '<', '/usr/libexec/clock/wrong' or die "/usr/libexec/clock/wrong: $!\n";
    split ' ', <$file>;
};
sub ahead_s { return $offset_ms / 1e3 + $drift_ppm / 1e6 * ($_[0] - $began_s) }

# A time in whole seconds and parts of one, so many a second.
sub clock_moved {
    my ($s, $part, $parts) = @_;
    $part += sprintf '%.0f', ahead_s($s + $part / $parts) * $parts;
    my $more = int($part / $parts);
    $more-- if $part < $more * $parts;
    return ($s + $more, $part - $more * $parts);
}

my %real = (clock => \&clock_gettime, time => \&time, day => \&gettimeofday);
no warnings qw(redefine prototype);
*clock_gettime = sub (;$) {
    my $at = $real{clock}->($_[0] // 0);
    return ($_[0] // 0) == CLOCK_REALTIME() ? $at + ahead_s($at) : $at;
};
*time = sub () { my $at = $real{time}->(); return $at + ahead_s($at) };
*gettimeofday = sub () {
    my @moved = clock_moved($real{day}->(), 1_000_000);
    return wantarray ? @moved : $moved[0] + $moved[1] / 1e6;
};
1;
