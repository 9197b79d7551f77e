package catalogtest

import (
	"strconv"
	"strings"
)

// The words of one list are at least four edits apart, so a name with one typo still has one
// nearest neighbour.
const (
	adjectives = "amber ancient arctic autumn balanced blazing brave breezy bright careful chilly classic clever " +
		"cobalt crimson crystal curious dazzling distant dynamic earnest electric elegant emerald endless " +
		"festive floral fragrant frosty gentle gilded glacial humble indigo infinite ivory jovial keen " +
		"lavender lucid magnetic mellow midnight modest northern playful polished prudent quiet sapphire " +
		"scarlet silent sincere solar sparkling spotless steady sunlit thrifty timeless tranquil turquoise " +
		"upbeat vigilant wandering western whispering wooden zealous"
	nouns = "acorn anvil arrow avalanche badger bamboo basalt beetle birch blossom boulder buffalo cactus canyon " +
		"caravan cascade cedar cheetah chimney cinnamon citadel clover compass cottage coyote cricket cypress " +
		"dahlia diamond dolphin eclipse elephant ember estuary feather flamingo forest fountain fossil galaxy " +
		"garden gazelle glacier granite hammock hickory horizon hurricane iceberg island jaguar jasmine " +
		"juniper kangaroo kestrel kingfisher lantern leopard lighthouse lobster magnolia maple meadow monsoon " +
		"mulberry nebula nightingale obsidian octopus orchard papaya pelican penguin phoenix pioneer planet " +
		"prairie pumpkin puzzle pyramid quarry rabbit rainbow reef saffron sandstone sequoia sphinx spruce " +
		"squirrel summit sunflower thistle topaz tornado tulip tundra umbrella velvet volcano walnut " +
		"waterfall willow zephyr"
	roles = "service gateway worker portal scheduler indexer backend frontend adapter processor dispatcher " +
		"resolver exporter manager registry simulator notifier collector console analyzer"
	areas = "payments checkout logistics identity search messaging billing fulfilment analytics marketing " +
		"inventory pricing compliance support recommendations shipping subscriptions catalogue reporting " +
		"onboarding treasury warehousing advertising platform"
	firstNames = "abena adrian aiko alejandro anneke beatriz bjorn camille chidi clara cosmin dagmar daniela dmitri " +
		"eduardo elif esther fatima gabriel giulia gunnar haruto hiroshi ibrahim ingrid isabel jakub joaquin " +
		"johanna kaveh kenji khadija lakshmi leonie lorenzo ludmila magnus matteo mehmet mireille ngozi " +
		"nikolai octavia olufemi oskar philippe quentin rafael rosalind sanjay saoirse sebastian simone " +
		"soledad stefan suresh svetlana teodor thandiwe tobias ursula valentina victor wanjiru wilhelm " +
		"xiomara yusuf zainab zoltan"
	lastNames = "abadi achterberg adeyemi almeida andersson arslan balogun banerjee barbosa becker bergstrom bianchi " +
		"botha bouchard brennan campbell carvalho castellano chaudhry chukwu cohen contreras dalgaard " +
		"delacroix diallo dimitrov dubois eriksen espinoza farouk fernandez fischer fitzgerald fontaine " +
		"fujimoto gallagher georgiou gonzalez gruber gutierrez haddad hakimi halvorsen hoffmann horvath " +
		"ibanez ishikawa jankowski johansson kaminski kapoor katz kimura kowalczyk kuznetsov lambert " +
		"lindqvist lombardi macdonald mahlangu marchetti matsumoto mendoza mikkelsen moreau mukherjee mwangi " +
		"navarro ndiaye nkosi novak obrien oliveira ortega papadakis pedersen pereira petrov quispe rahman " +
		"ramirez rodriguez sandoval santos schneider silva sokolov sorensen suzuki takahashi tanaka thompson " +
		"torres tremblay ueda vandenberg vargas vasquez villanueva watanabe"
	stores = "database queue bucket cache topic"
	faces  = "http-api grpc-api events graph"

	languages  = "go java kotlin python typescript rust scala elixir"
	lifecycles = "production production production production experimental deprecated"
	tiers      = "tier-1 tier-2 tier-3"
	regions    = "eu-central us-east ap-south sa-east"
)

// namer counts through all combinations of some word lists, in an order without neighbours.
type namer struct {
	lists     [][]string
	separator string
	size      int // number of combinations
	offset    int
}

func newNamer(seed uint64, separator string, lists ...string) namer {
	n := namer{separator: separator, size: 1}
	for _, list := range lists {
		words := strings.Fields(list)
		n.lists = append(n.lists, words)
		n.size *= len(words)
	}
	n.offset = int(seed % uint64(n.size))
	return n
}

// stride has no factor in common with the number of combinations of any lists, so that
// multiplying by it permutes them.
const stride = 1_000_003

// name returns the i-th name. No two are alike; past the last combination names get a number.
func (n namer) name(i int) string {
	rest := ((i%n.size)*stride + n.offset) % n.size
	words := make([]string, 0, len(n.lists)+1)
	for _, list := range n.lists {
		words = append(words, list[rest%len(list)])
		rest /= len(list)
	}
	if round := i / n.size; round > 0 {
		words = append(words, strconv.Itoa(round+1))
	}
	return strings.Join(words, n.separator)
}
