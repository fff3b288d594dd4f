// What a program of this compiler is without petrel.
#include <iostream>

int main() { std::cout << "nothing\n"; }
