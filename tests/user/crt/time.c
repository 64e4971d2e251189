/* time.c - the calendar, time zones by TZ, and times as text. */
#include "check.h"

#include <errno.h>
#include <time.h>
#include <wchar.h>
#include <sys/timeb.h>

static void
Calendar(void)
{
    __time64_t t;
    struct tm *Tm, Fields;
    int Good = 1, i;

    t = 0;
    Tm = _gmtime64(&t);
    CHECK(Tm->tm_year == 70 && Tm->tm_mon == 0 && Tm->tm_mday == 1 && Tm->tm_wday == 4 &&
          Tm->tm_yday == 0);
    t = 951782400; /* 2000-02-29 */
    Tm = _gmtime64(&t);
    CHECK(Tm->tm_year == 100 && Tm->tm_mon == 1 && Tm->tm_mday == 29 && Tm->tm_wday == 2 &&
          Tm->tm_yday == 59);
    t = 4107542399ll; /* 2100-02-28 23:59:59, no leap day follows */
    Tm = _gmtime64(&t);
    CHECK(Tm->tm_mon == 1 && Tm->tm_mday == 28 && Tm->tm_hour == 23 && Tm->tm_sec == 59);
    t++;
    CHECK(_gmtime64(&t)->tm_mon == 2);
    for (i = 0; i < 2000; i++) {
        t = i * 16069003ll + 12345;
        Fields = *_gmtime64(&t);
        Good &= _mkgmtime64(&Fields) == t;
    }
    CHECK(Good);
    t = -100000;
    errno = 0;
    CHECK(_gmtime64(&t) == NULL && errno == EINVAL);
    memset(&Fields, 0, sizeof(Fields));
    Fields.tm_year = 100;
    Fields.tm_mon = 13; /* fields out of range are carried over */
    Fields.tm_mday = 32;
    CHECK(_mkgmtime64(&Fields) != -1 && Fields.tm_year == 101 && Fields.tm_mon == 2 &&
          Fields.tm_mday == 4);
    CHECK(difftime(5, 3) == 2);
    CHECK(time(NULL) > 0 && clock() >= 0);
}

static void
Zones(void)
{
    __time64_t Summer = 1530450000,
               Winter = 1514811600; /* 2018-07-01 13:00, 2018-01-01 13:00 UTC */
    struct tm Fields;

    _putenv("TZ=EST5EDT");
    _tzset();
    CHECK(_timezone == 18000 && _daylight == 1 && strcmp(_tzname[0], "EST") == 0 &&
          strcmp(_tzname[1], "EDT") == 0);
    Fields = *_localtime64(&Winter);
    CHECK(Fields.tm_hour == 8 && Fields.tm_isdst == 0 && _mktime64(&Fields) == Winter);
    Fields = *_localtime64(&Summer);
    CHECK(Fields.tm_hour == 9 && Fields.tm_isdst == 1 && _mktime64(&Fields) == Summer);
    Fields.tm_isdst = -1;
    CHECK(_mktime64(&Fields) == Summer);
    _putenv("TZ=UTC0");
    _tzset();
    CHECK(_timezone == 0 && _daylight == 0);
    Fields = *_localtime64(&Summer);
    CHECK(Fields.tm_hour == 13 && Fields.tm_isdst == 0);
}

static void
Text(void)
{
    __time64_t t = 1000000000; /* Sun Sep 09 01:46:40 2001 */
    struct tm Fields = *_gmtime64(&t);
    char s[200];
    wchar_t w[50];

    CHECK_TEXT(asctime(&Fields), "Sun Sep 09 01:46:40 2001\n");
    CHECK_TEXT(_ctime64(&t), "Sun Sep 09 01:46:40 2001\n");
    CHECK(strftime(s, sizeof(s), "%a %A %b %B %d %H %I %j %m %M %p %S %U %w %W %y %Y %%",
                   &Fields) != 0);
    CHECK_TEXT(s, "Sun Sunday Sep September 09 01 01 252 09 46 AM 40 36 0 36 01 2001 %");
    CHECK(strftime(s, sizeof(s), "%c|%x|%X|%#d|%#x", &Fields) != 0);
    CHECK_TEXT(s, "09/09/01 01:46:40|09/09/01|01:46:40|9|Sunday, September 09, 2001");
    CHECK(strftime(s, 5, "%Y-%m-%d", &Fields) == 0);
    CHECK(wcsftime(w, 50, L"%Y-%m-%d", &Fields) == 10 && wcscmp(w, L"2001-09-09") == 0);
    CHECK(strlen(_strdate(s)) == 8 && s[2] == '/' && strlen(_strtime(s)) == 8 && s[2] == ':');
}

int
main(void)
{
    char Late[32];
    struct __timeb64 Now;

    Calendar();
    Zones();
    Text();
    _ftime64(&Now);
    CHECK(Now.millitm < 1000 && Now.time > 0);
    /* msvcrt.dll: the letters of C89; the time is looked at only where a letter wants it. */
    CHECK(strftime(Late, sizeof(Late), "copy", NULL) == 4 && strcmp(Late, "copy") == 0);
    CHECK(strftime(Late, sizeof(Late), "a%T", gmtime(&(time_t){0})) == 0 && Late[0] == 0);
    CHECK(_gmtime32(NULL) == NULL);
    return Summary("time");
}
