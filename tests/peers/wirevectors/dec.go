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

func durations() {
	fmt.Println("// nanoseconds, as Duration.String.")
	fmt.Println("static const struct {\n    int64_t ns;\n    const char *text;\n} durations[] = {")
	r := rand.New(rand.NewSource(3))
	for i := 0; i < 200; i++ {
		d := time.Duration(r.Int63() >> uint(r.Intn(63)))
		if r.Intn(3) == 0 {
			d -= d % []time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour}[r.Intn(5)]
		}
		if r.Intn(3) == 0 {
			d = -d
		}
		fmt.Printf("    {%d, \"%s\"},\n", int64(d), d)
	}
	fmt.Println("};")
	fmt.Println("// What time.ParseDuration says of a text; \"\" when it refuses.")
	fmt.Println("static const struct {\n    const char *text, *result;\n} duration_texts[] = {")
	alphabet := []string{"0", "1", "9", "25", "007", ".", "-", "+", "h", "m", "s", "ms", "us", "ns", "µs", "μs", "d", " ", "9223372036", "854775807"}
	for i := 0; i < 400; i++ {
		text := ""
		for n := r.Intn(7); n >= 0; n-- {
			text += alphabet[r.Intn(len(alphabet))]
		}
		result := ""
		if d, err := time.ParseDuration(text); err == nil {
			result = fmt.Sprint(int64(d))
		}
		fmt.Printf("    {\"%s\", \"%s\"},\n", text, result)
	}
	fmt.Println("};")
}

func dec() {
	fmt.Println("// Made by tests/peers/wirevectors from cosmossdk.io/math v1.5.3 and Go's time. Do not edit.")
	fmt.Println("// clang-format off")
	arithmetic()
	times()
	durations()
	fmt.Println("// clang-format on")
}
