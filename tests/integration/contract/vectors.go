// A consumer in Go that uses only what was installed: walks the conformance vectors through cgo,
// then holds the library against encoding/json over generated intents.
// Usage: vectors FOLDER SEED COUNT
// A real program would say "#cgo pkg-config: seihalt"; here the flags come by CGO_CFLAGS and
// CGO_LDFLAGS, which Go's build cache takes into account: the folder is another one each time.
package main

/*
#include <seihalt.h>
#include <stdlib.h>
*/
import "C"

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// HaltIntent is what a producer in Go would declare.
type HaltIntent struct {
	Reason       int64     `json:"reason"`
	ReasonString string    `json:"reason_string"`
	PlanName     string    `json:"plan_name,omitempty"`
	Height       int64     `json:"height,omitempty"`
	Info         string    `json:"info,omitempty"`
	AnnouncedAt  time.Time `json:"announced_at"`
}

func die(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// text gives C memory, so that no Go pointer is stored in a C struct.
func text(s string, given bool) C.struct_sei_halt_text {
	if !given {
		return C.struct_sei_halt_text{}
	}
	return C.struct_sei_halt_text{data: C.CString(s + " "), len: C.size_t(len(s))}
}

func encode(in HaltIntent, givenToken bool) (string, int) {
	var c C.struct_sei_halt_intent
	c.size = C.size_t(unsafe.Sizeof(c))
	c.reason = C.int64_t(in.Reason)
	c.reason_string = text(in.ReasonString, givenToken)
	c.plan_name = text(in.PlanName, true)
	c.info = text(in.Info, true)
	c.height = C.int64_t(in.Height)
	c.announced_s = C.int64_t(in.AnnouncedAt.Unix())
	c.announced_ns = C.int32_t(in.AnnouncedAt.Nanosecond())
	defer func() {
		for _, t := range []C.struct_sei_halt_text{c.reason_string, c.plan_name, c.info} {
			C.free(unsafe.Pointer(t.data))
		}
	}()
	out := C.malloc(1 << 16)
	defer C.free(out)
	var length C.size_t
	result := int(C.sei_halt_intent_encode(&c, (*C.char)(out), 1<<16, &length))
	return C.GoStringN((*C.char)(out), C.int(length)), result
}

type decoded struct {
	HaltIntent
	hasToken bool
	at       int
}

func decode(raw []byte) (decoded, int) {
	in, memory := C.CBytes(append(raw, 0)), C.malloc(C.size_t(len(raw)+1))
	defer C.free(in)
	defer C.free(memory)
	var c C.struct_sei_halt_intent
	var at C.size_t
	c.size = C.size_t(unsafe.Sizeof(c))
	result := int(C.sei_halt_intent_decode((*C.char)(in), C.size_t(len(raw)), &c,
		(*C.char)(memory), C.size_t(len(raw)), &at))
	str := func(t C.struct_sei_halt_text) string { return C.GoStringN(t.data, C.int(t.len)) }
	if result != 0 {
		return decoded{at: int(at)}, result
	}
	return decoded{HaltIntent{int64(c.reason), str(c.reason_string), str(c.plan_name),
		int64(c.height), str(c.info),
		time.Unix(int64(c.announced_s), int64(c.announced_ns)).UTC()},
		c.reason_string.data != nil, 0}, result
}

// ---- vectors ------------------------------------------------------------------------------------

type row struct {
	Name, Token, Class, Json   string
	Code, Reason, Height       json.RawMessage
	Contract, Lenient          bool
	Status, Detail, Result, At int
	JsonHex                    string  `json:"json_hex"`
	ReasonStringHex            *string `json:"reason_string_hex"`
	PlanNameHex                string  `json:"plan_name_hex"`
	InfoHex                    string  `json:"info_hex"`
	AnnouncedS                 string  `json:"announced_s"`
	AnnouncedNs                int     `json:"announced_ns"`
}

func load(folder, name string) []row {
	raw, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		die("%v", err)
	}
	var file struct{ Vectors []row }
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) < 10 {
		die("%s: %v", name, err)
	}
	fmt.Printf("%s: %d\n", name, len(file.Vectors))
	return file.Vectors
}

func unhex(s string) string {
	raw, err := hex.DecodeString(s)
	if err != nil {
		die("%v", err)
	}
	return string(raw)
}

func number(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		die("%v", err)
	}
	return n
}

// intent is what the row describes, with its time even where time.Time cannot be marshalled.
func intent(r row) HaltIntent {
	seconds, _ := strconv.ParseInt(r.AnnouncedS, 10, 64)
	in := HaltIntent{Reason: number(r.Reason), Height: number(r.Height),
		PlanName: unhex(r.PlanNameHex), Info: unhex(r.InfoHex),
		AnnouncedAt: time.Unix(seconds, int64(r.AnnouncedNs)).UTC()}
	if r.ReasonStringHex != nil {
		in.ReasonString = unhex(*r.ReasonStringHex)
	}
	return in
}

func walkCodes(folder string) {
	for _, r := range load(folder, "exit_codes") {
		code := number(r.Code)
		var reason C.enum_sei_halt_reason
		known := bool(C.sei_halt_parse_exit_code(C.int(code), &reason))
		class := C.GoString(C.sei_halt_class_string(C.sei_halt_classify_exit_code(C.int(code))))
		token := C.GoString(C.sei_halt_reason_string(C.int64_t(code)))
		if known != r.Contract || int64(reason) != number(r.Reason) || class != r.Class || token != r.Token {
			die("exit code %d", code)
		}
	}
	for _, r := range load(folder, "wait_statuses") {
		var detail C.int
		class := C.sei_halt_classify_wait_status(C.int(r.Status), &detail)
		if C.GoString(C.sei_halt_class_string(class)) != r.Class || int(detail) != r.Detail {
			die("wait status %d", r.Status)
		}
	}
}

func walkEncode(folder string) {
	for _, r := range load(folder, "encode") {
		in := intent(r)
		if r.Result != 0 && (r.AnnouncedNs < 0 || r.AnnouncedNs > 999999999) {
			continue // time.Time has no such value
		}
		got, result := encode(in, r.ReasonStringHex != nil)
		if result != r.Result || (result == 0 && got != r.Json) {
			die("%s: %d %s", r.Name, result, got)
		}
		// The vectors themselves are held against encoding/json.
		if r.ReasonStringHex == nil {
			in.ReasonString = C.GoString(C.sei_halt_reason_string(C.int64_t(in.Reason)))
		}
		want, err := json.Marshal(in)
		if (err == nil) != (r.Result == 0) || (err == nil && string(want) != r.Json) {
			die("%s: encoding/json says %s (%v)", r.Name, want, err)
		}
	}
}

func walkDecode(folder string) {
	for _, r := range load(folder, "decode") {
		raw := []byte(unhex(r.JsonHex))
		got, result := decode(raw)
		if result != r.Result || (result < 0 && got.at != r.At) {
			die("%s: %d at %d", r.Name, result, got.at)
		}
		if result == 0 {
			if want := intent(r); !reflect.DeepEqual(got.HaltIntent, want) || got.hasToken != (r.ReasonStringHex != nil) {
				die("%s: %+v is not %+v", r.Name, got, want)
			}
		}
		// A reader that is not strict refuses what every reader must refuse.
		var lenient HaltIntent
		if err := json.Unmarshal(raw, &lenient); err == nil && result < 0 && !r.Lenient {
			die("%s: encoding/json takes it", r.Name)
		}
	}
}

// ---- generated intents --------------------------------------------------------------------------

var pieces = []string{"v", "2", "<", ">", "&", "\u2028", "\u2029", "\u2027", "\\", "\"", "/", "\x00",
	"\x01", "\b", "\f", "\n", "\r", "\t", "\x1f", "\x7f", "é", "€", "😀", "\ufffd", "\uffff", "\U0010ffff",
	"\x80", "\xff", "\xc0\xaf", "\xe2\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f", "a b"}

func randomText(rng *rand.Rand) string {
	var b strings.Builder
	for n := rng.Intn(12); n > 0; n-- {
		if rng.Intn(4) == 0 {
			b.WriteByte(byte(rng.Intn(256)))
		} else {
			b.WriteString(pieces[rng.Intn(len(pieces))])
		}
	}
	return b.String()
}

func randomInt(rng *rand.Rand) int64 {
	edges := []int64{0, 1, -1, 70, 71, 72, 73, 89, 1<<53 + 1, math.MaxInt64, math.MinInt64}
	if rng.Intn(2) == 0 {
		return edges[rng.Intn(len(edges))]
	}
	return int64(rng.Uint64()) >> rng.Intn(64)
}

func randomTime(rng *rand.Rand) time.Time {
	ns := int64(rng.Intn(1000000000))
	for cut := rng.Intn(10); cut > 0; cut-- { // every length of the fraction
		ns -= ns % int64(math.Pow10(cut))
	}
	const first, span = -62167219200, 315569520000
	return time.Unix(first+rng.Int63n(span), ns).UTC()
}

func randomIntent(rng *rand.Rand) HaltIntent {
	return HaltIntent{randomInt(rng), randomText(rng), randomText(rng), randomInt(rng),
		randomText(rng), randomTime(rng)}
}

func compareEncoding(rng *rand.Rand, i int) []byte {
	in := randomIntent(rng)
	want, err := json.Marshal(in)
	if err != nil {
		die("intent %d: %v", i, err)
	}
	got, result := encode(in, true)
	if result != 0 || got != string(want) {
		die("intent %d: %d\n%s\n%s", i, result, got, want)
	}
	var back HaltIntent
	if err := json.Unmarshal(want, &back); err != nil {
		die("intent %d: %v", i, err)
	}
	mine, result := decode(want)
	if result != 0 || !reflect.DeepEqual(mine.HaltIntent, back) {
		die("intent %d: %d %+v is not %+v", i, result, mine, back)
	}
	return want
}

// compareBroken holds a damaged text against encoding/json: what the strict reader takes, that one
// takes too, and reads the same. (Its one extra: it matches names regardless of case.)
func compareBroken(rng *rand.Rand, raw []byte, i int) bool {
	raw = append([]byte(nil), raw...)
	alphabet := []byte(`{}[]",:\0123456789.-+eEtrufalsnTZ `)
	for n := 1 + rng.Intn(3); n > 0; n-- {
		at := rng.Intn(len(raw))
		switch rng.Intn(3) {
		case 0:
			raw[at] = alphabet[rng.Intn(len(alphabet))]
		case 1:
			raw = append(raw[:at], raw[at+1:]...)
		default:
			raw = append(raw[:at], append([]byte{alphabet[rng.Intn(len(alphabet))]}, raw[at:]...)...)
		}
	}
	mine, result := decode(raw)
	if result != 0 {
		return false
	}
	var names map[string]json.RawMessage
	var theirs HaltIntent
	if err := json.Unmarshal(raw, &names); err != nil {
		die("broken %d: taken, but encoding/json says %v: %q", i, err, raw)
	}
	for name := range names {
		for _, known := range []string{"reason", "reason_string", "plan_name", "height", "info", "announced_at"} {
			if name != known && strings.EqualFold(name, known) {
				return false
			}
		}
	}
	if err := json.Unmarshal(raw, &theirs); err != nil || !reflect.DeepEqual(mine.HaltIntent, theirs) {
		die("broken %d: %+v is not %+v (%v): %q", i, mine, theirs, err, raw)
	}
	return true
}

func main() {
	if len(os.Args) != 4 {
		die("usage: vectors FOLDER SEED COUNT")
	}
	seed, _ := strconv.ParseInt(os.Args[2], 10, 64)
	count, _ := strconv.Atoi(os.Args[3])
	walkCodes(os.Args[1])
	walkEncode(os.Args[1])
	walkDecode(os.Args[1])
	rng := rand.New(rand.NewSource(seed))
	fmt.Printf("seed %d\n", seed)
	taken := 0
	for i := 0; i < count; i++ {
		raw := compareEncoding(rng, i)
		if compareBroken(rng, raw, i) {
			taken++
		}
	}
	if taken == 0 || taken == count {
		die("of the damaged texts %d of %d were taken: no test", taken, count)
	}
	fmt.Printf("generated: %d, damaged and still good: %d\n", count, taken)
}
