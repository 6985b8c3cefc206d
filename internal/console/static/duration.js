// ISO 8601 durations, as APIM has them, and the short form that people write.

/** "PT1M30S" becomes "1m30s"; what is no such duration stays as it is. */
export function short(iso) {
  const m = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(iso ?? '');
  if (!m) return iso ?? '';
  return ['d', 'h', 'm', 's'].map((unit, i) => (m[i + 1] && Number(m[i + 1]) !== 0 ? m[i + 1] + unit : '')).join('') || '0s';
}

/** "1m30s", "90" (seconds) or "PT1M30S" becomes "PT1M30S"; null when it is none of these. */
export function iso(text) {
  const t = text.trim().replace(/\s+/g, '');
  if (/^P(?=.)/i.test(t)) return t.toUpperCase();
  const m = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+(?:\.\d+)?)s?)?$/i.exec(t);
  if (!m || t === '') return null;
  const time = ['H', 'M', 'S'].map((unit, i) => (m[i + 2] ? m[i + 2] + unit : '')).join('');
  return `P${m[1] ? m[1] + 'D' : ''}${time && 'T' + time}`;
}
