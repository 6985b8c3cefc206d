package expr_test

import (
	"fmt"
	"strings"

	"github.com/spillway-gateway/spillway/expr/bcl"
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const stubSigs = `
System.Linq|public interface IGrouping<out TKey, out TElement> : IEnumerable<TElement>
TKey Key { get; }
System.Linq|public interface IOrderedEnumerable<out TElement> : IEnumerable<TElement>
System.Linq|public interface ILookup<TKey, TElement> : IEnumerable<IGrouping<TKey, TElement>>
IEnumerable<TElement> this[TKey key] { get; }
int Count { get; }
bool Contains(TKey key)
System.Linq|public static class Enumerable
static TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)
static TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)
static TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)
static bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static bool Any<TSource>(this IEnumerable<TSource> source)
static bool Any<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)
static IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)
static IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)
static IEnumerable<TResult> Cast<TResult>(this IEnumerable source)
static IEnumerable<TResult> OfType<TResult>(this IEnumerable source)
static IEnumerable<TSource[]> Chunk<TSource>(this IEnumerable<TSource> source, int size)
static IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)
static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)
static int Count<TSource>(this IEnumerable<TSource> source)
static int Count<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static long LongCount<TSource>(this IEnumerable<TSource> source)
static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)
static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)
static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source)
static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)
static IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static TSource ElementAt<TSource>(this IEnumerable<TSource> source, int index)
static TSource ElementAtOrDefault<TSource>(this IEnumerable<TSource> source, int index)
static IEnumerable<TResult> Empty<TResult>()
static IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
static IEnumerable<TSource> ExceptBy<TSource, TKey>(this IEnumerable<TSource> first, IEnumerable<TKey> second, Func<TSource, TKey> keySelector)
static TSource First<TSource>(this IEnumerable<TSource> source)
static TSource First<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source)
static TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source, TSource defaultValue)
static TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static TSource FirstOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate, TSource defaultValue)
static TSource Last<TSource>(this IEnumerable<TSource> source)
static TSource Last<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static TSource LastOrDefault<TSource>(this IEnumerable<TSource> source)
static TSource LastOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static TSource Single<TSource>(this IEnumerable<TSource> source)
static TSource Single<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static TSource SingleOrDefault<TSource>(this IEnumerable<TSource> source)
static TSource SingleOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)
static IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)
static IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)
static IEnumerable<TResult> GroupBy<TSource, TKey, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TKey, IEnumerable<TSource>, TResult> resultSelector)
static IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector)
static IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector)
static IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector)
static IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
static int Max(this IEnumerable<int> source)
static int? Max(this IEnumerable<int?> source)
static long Max(this IEnumerable<long> source)
static double Max(this IEnumerable<double> source)
static decimal Max(this IEnumerable<decimal> source)
static float Max(this IEnumerable<float> source)
static TSource Max<TSource>(this IEnumerable<TSource> source)
static int Max<TSource>(this IEnumerable<TSource> source, Func<TSource, int> selector)
static int? Max<TSource>(this IEnumerable<TSource> source, Func<TSource, int?> selector)
static long Max<TSource>(this IEnumerable<TSource> source, Func<TSource, long> selector)
static double Max<TSource>(this IEnumerable<TSource> source, Func<TSource, double> selector)
static decimal Max<TSource>(this IEnumerable<TSource> source, Func<TSource, decimal> selector)
static float Max<TSource>(this IEnumerable<TSource> source, Func<TSource, float> selector)
static TResult Max<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
static TSource MaxBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static TSource MinBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static int Min(this IEnumerable<int> source)
static int? Min(this IEnumerable<int?> source)
static long Min(this IEnumerable<long> source)
static double Min(this IEnumerable<double> source)
static decimal Min(this IEnumerable<decimal> source)
static TSource Min<TSource>(this IEnumerable<TSource> source)
static int Min<TSource>(this IEnumerable<TSource> source, Func<TSource, int> selector)
static int? Min<TSource>(this IEnumerable<TSource> source, Func<TSource, int?> selector)
static long Min<TSource>(this IEnumerable<TSource> source, Func<TSource, long> selector)
static double Min<TSource>(this IEnumerable<TSource> source, Func<TSource, double> selector)
static decimal Min<TSource>(this IEnumerable<TSource> source, Func<TSource, decimal> selector)
static TResult Min<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
static int Sum(this IEnumerable<int> source)
static int? Sum(this IEnumerable<int?> source)
static long Sum(this IEnumerable<long> source)
static double Sum(this IEnumerable<double> source)
static double? Sum(this IEnumerable<double?> source)
static decimal Sum(this IEnumerable<decimal> source)
static float Sum(this IEnumerable<float> source)
static int Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, int> selector)
static int? Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, int?> selector)
static long Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, long> selector)
static long? Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, long?> selector)
static double Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, double> selector)
static double? Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, double?> selector)
static decimal Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, decimal> selector)
static float Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, float> selector)
static double Average(this IEnumerable<int> source)
static double? Average(this IEnumerable<int?> source)
static double Average(this IEnumerable<long> source)
static double Average(this IEnumerable<double> source)
static double? Average(this IEnumerable<double?> source)
static decimal Average(this IEnumerable<decimal> source)
static double Average<TSource>(this IEnumerable<TSource> source, Func<TSource, int> selector)
static double? Average<TSource>(this IEnumerable<TSource> source, Func<TSource, int?> selector)
static double Average<TSource>(this IEnumerable<TSource> source, Func<TSource, long> selector)
static double Average<TSource>(this IEnumerable<TSource> source, Func<TSource, double> selector)
static decimal Average<TSource>(this IEnumerable<TSource> source, Func<TSource, decimal> selector)
static IOrderedEnumerable<T> Order<T>(this IEnumerable<T> source)
static IOrderedEnumerable<T> OrderDescending<T>(this IEnumerable<T> source)
static IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static IOrderedEnumerable<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)
static IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static IOrderedEnumerable<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)
static IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static IOrderedEnumerable<TSource> ThenBy<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector, IComparer<TKey> comparer)
static IOrderedEnumerable<TSource> ThenByDescending<TSource, TKey>(this IOrderedEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static IEnumerable<int> Range(int start, int count)
static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)
static IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)
static IEnumerable<TSource> Reverse<TSource>(this TSource[] source)
static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)
static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)
static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TResult>> selector)
static IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)
static bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
static IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)
static IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)
static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)
static IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)
static IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)
static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)
static TSource[] ToArray<TSource>(this IEnumerable<TSource> source)
static List<TSource> ToList<TSource>(this IEnumerable<TSource> source)
static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source)
static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)
static Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)
static Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)
static Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)
static ILookup<TKey, TSource> ToLookup<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)
static ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)
static IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
static IEnumerable<TSource> UnionBy<TSource, TKey>(this IEnumerable<TSource> first, IEnumerable<TSource> second, Func<TSource, TKey> keySelector)
static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)
static IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)
static IEnumerable<(TFirst First, TSecond Second, TThird Third)> Zip<TFirst, TSecond, TThird>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, IEnumerable<TThird> third)
static IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)
static IEnumerable<(int Index, TSource Item)> Index<TSource>(this IEnumerable<TSource> source)
static IEnumerable<KeyValuePair<TKey, int>> CountBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> keyComparer = null)
System.Collections.Generic|List
List()
List(int capacity)
List(IEnumerable<T> collection)
T this[int index] { get; set; }
int Count { get; }
int Capacity { get; set; }
void Add(T item)
void AddRange(IEnumerable<T> collection)
void Clear()
bool Contains(T item)
List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)
bool Exists(Predicate<T> match)
T Find(Predicate<T> match)
List<T> FindAll(Predicate<T> match)
int FindIndex(Predicate<T> match)
T FindLast(Predicate<T> match)
void ForEach(Action<T> action)
List<T> GetRange(int index, int count)
int IndexOf(T item)
void Insert(int index, T item)
void InsertRange(int index, IEnumerable<T> collection)
int LastIndexOf(T item)
bool Remove(T item)
int RemoveAll(Predicate<T> match)
void RemoveAt(int index)
void RemoveRange(int index, int count)
void Reverse()
void Reverse(int index, int count)
void Sort()
void Sort(Comparison<T> comparison)
void Sort(IComparer<T> comparer)
T[] ToArray()
bool TrueForAll(Predicate<T> match)
System.Collections.Generic|Dictionary
Dictionary()
Dictionary(IDictionary<TKey, TValue> dictionary)
Dictionary(IEqualityComparer<TKey> comparer)
Dictionary(int capacity)
TValue this[TKey key] { get; set; }
int Count { get; }
Dictionary<TKey, TValue>.KeyCollection Keys { get; }
Dictionary<TKey, TValue>.ValueCollection Values { get; }
void Add(TKey key, TValue value)
void Clear()
bool ContainsKey(TKey key)
bool ContainsValue(TValue value)
bool Remove(TKey key)
bool TryGetValue(TKey key, out TValue value)
bool TryAdd(TKey key, TValue value)
System.Collections.Generic|HashSet
HashSet()
HashSet(IEnumerable<T> collection)
HashSet(IEqualityComparer<T> comparer)
HashSet(IEnumerable<T> collection, IEqualityComparer<T> comparer)
int Count { get; }
bool Add(T item)
void Clear()
bool Contains(T item)
bool Remove(T item)
void UnionWith(IEnumerable<T> other)
void IntersectWith(IEnumerable<T> other)
void ExceptWith(IEnumerable<T> other)
bool IsSubsetOf(IEnumerable<T> other)
bool SetEquals(IEnumerable<T> other)
bool Overlaps(IEnumerable<T> other)
System.Collections.Generic|public class Queue<T> : IEnumerable<T>
Queue()
Queue(IEnumerable<T> collection)
int Count { get; }
void Enqueue(T item)
T Dequeue()
T Peek()
System.Collections.Generic|public class Stack<T> : IEnumerable<T>
Stack()
int Count { get; }
void Push(T item)
T Pop()
T Peek()
`

func linqStubs() []value.Members {
	var list []value.Members
	known := map[string]*types.Def{"List": types.List, "Dictionary": types.Dictionary, "HashSet": types.HashSet}
	nope := func(c *value.Call) value.Value {
		c.Throw(value.NotImplementedException, "stub")
		return value.Null
	}
	set := func(*value.Call) {}
	for _, line := range strings.Split(stubSigs, "\n") {
		ns, decl, isType := strings.Cut(line, "|")
		switch {
		case line == "":
		case isType && known[decl] != nil:
			list = append(list, value.Members{Def: known[decl]})
		case isType:
			list = append(list, value.Members{Def: types.Declare(ns, decl)})
		default:
			m := &list[len(list)-1]
			sig := strings.ReplaceAll(strings.ReplaceAll(line, "Dictionary<TKey, TValue>.KeyCollection", "ICollection<TKey>"), "Dictionary<TKey, TValue>.ValueCollection", "ICollection<TValue>")
			m.Rows = append(m.Rows, value.Row{Sig: sig, Func: nope, Set: set})
		}
	}
	return list
}

// absent joins stand-ins for types that the library does not have.
func absent(host []value.Members, lists ...[]value.Members) []value.Members {
	have := map[string]bool{}
	for _, m := range bcl.Members() {
		have[fmt.Sprint(m.Def.FullName(), len(m.Def.Parameters))] = true
	}
	for _, l := range lists {
		for _, m := range l {
			if !have[fmt.Sprint(m.Def.FullName(), len(m.Def.Parameters))] {
				host = append(host, m)
			}
		}
	}
	return host
}
