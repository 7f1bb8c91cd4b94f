package main

import (
	"fmt"
	"math/big"
	"math/rand"
	"time"

	"cosmossdk.io/math"
)

// A magnitude of up to `bits` bits, and now and then exactly on a half, where rounding is decided.
func raw(r *rand.Rand, bits int) *big.Int {
	if r.Intn(5) == 0 {
		half, _ := new(big.Int).SetString("500000000000000000", 10)
		return half.Mul(half, big.NewInt(int64(r.Intn(9))))
	}
	n := new(big.Int).Rand(r, new(big.Int).Lsh(big.NewInt(1), uint(1+r.Intn(bits))))
	if r.Intn(4) == 0 {
		n.Neg(n)
	}
	return n
}

func fits(d math.LegacyDec) string {
	if d.BigInt().BitLen() > 127 {
		return ""
	}
	return d.BigInt().String()
}

func arithmetic() {
	fmt.Println("// a, b, a*b, a/b as raw integers; \"\" where the result is out of our range.")
	fmt.Println("static const struct {\n    const char *a, *b, *product, *quotient;\n} arithmetic[] = {")
	r := rand.New(rand.NewSource(1))
	for i := 0; i < 300; i++ {
		a := math.LegacyNewDecFromBigIntWithPrec(raw(r, 126), 18)
		b := math.LegacyNewDecFromBigIntWithPrec(raw(r, 90), 18)
		quotient := ""
		if !b.IsZero() {
			quotient = fits(a.Quo(b))
		}
		fmt.Printf("    {\"%s\", \"%s\", \"%s\", \"%s\"},\n", a.BigInt(), b.BigInt(), fits(a.Mul(b)), quotient)
	}
	fmt.Println("};")
}

func times() {
	fmt.Println("// seconds, nanos, as time.RFC3339Nano.")
	fmt.Println("static const struct {\n    int64_t seconds;\n    int32_t nanos;\n    const char *text;\n} times[] = {")
	r := rand.New(rand.NewSource(2))
	for i := 0; i < 200; i++ {
		seconds := r.Int63n(253402300800+62135596800) - 62135596800
		nanos := []int64{0, 1, 10, 500000000, 123456000, r.Int63n(1000000000)}[r.Intn(6)]
		fmt.Printf("    {%d, %d, \"%s\"},\n", seconds, nanos, time.Unix(seconds, nanos).UTC().Format(time.RFC3339Nano))
	}
	fmt.Println("};")
}

func dec() {
	fmt.Println("// Made by tests/peers/wirevectors from cosmossdk.io/math v1.5.3 and Go's time. Do not edit.")
	fmt.Println("// clang-format off")
	arithmetic()
	times()
	fmt.Println("// clang-format on")
}
