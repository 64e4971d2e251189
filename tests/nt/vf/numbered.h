/*
 * numbered.h - a routine for each case, so that what is said of a case names its routine. Who includes this defines ONE(n), which makes the routine
 * of case n, and NAME(n), its place in a table, and says which tens there are: TEN(0) makes those of 00 to 09, NAMES(0) lists them.
 */
#ifndef TESTS_VF_NUMBERED_H
#define TESTS_VF_NUMBERED_H

#define TEN(n)                                                                                     \
    ONE(n##0)                                                                                      \
    ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define NAMES(n)                                                                                   \
    NAME(n##0)                                                                                     \
    NAME(n##1)                                                                                     \
    NAME(n##2) NAME(n##3) NAME(n##4) NAME(n##5) NAME(n##6) NAME(n##7) NAME(n##8) NAME(n##9)

#endif
