/*
 * language-cpp.cpp - C++ as drivers use it: placement by pool type, virtual functions, no exceptions.
 */
#include <ntifs.h>
#include <initguid.h>

extern "C" ULONG Shared;
extern "C" void InCpp(void);

void *__cdecl
operator new(size_t Size, POOL_TYPE Type)
{
    return ExAllocatePoolZero(Type, Size, '++cL');
}

void __cdecl
operator delete(void *Memory, size_t)
{
    ExFreePoolWithTag(Memory, '++cL');
}

class Shape
{
  public:
    virtual ~Shape()
    {
        Shared += 10;
    }
    virtual int Sides() = 0;
};

class Square : public Shape
{
  public:
    int Sides() override
    {
        return 4;
    }
};

void
InCpp(void)
{
    Shape *One = new (PagedPool) Square;

    Shared += One->Sides();
    delete One;
}
