/**
 * The clock: `$time_local`, `$time_iso8601`, `$msec`, `$date_gmt`, `$date_local`. Texts are made once a second.
 *
 * @module
 */
import type { VariableTable } from "./getter.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

let second = -1;
let local = "";
let iso = "";
let dateGmt = "";
let dateLocal = "";

/** Abbreviation of the local time zone (`EST`), as nginx gives it; `GMT+1` and the like where English has none. */
const zoneFormat = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" });

function refresh(): void {
  const now = Math.floor(Date.now() / 1000);
  if (now === second) return;
  second = now;
  const date = new Date(now * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const hours = two(Math.floor(Math.abs(offset) / 60));
  const minutes = two(Math.abs(offset) % 60);
  const day = two(date.getDate());
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const year = date.getFullYear();
  local = `${day}/${MONTHS[date.getMonth()]}/${year}:${clock} ${sign}${hours}${minutes}`;
  iso = `${year}-${two(date.getMonth() + 1)}-${day}T${clock}${sign}${hours}:${minutes}`;
  const zone = zoneFormat.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value ?? "";
  dateLocal = `${DAYS[date.getDay()]}, ${day}-${MONTHS[date.getMonth()]}-${year} ${clock} ${zone}`;
  dateGmt = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())}-${
    MONTHS[date.getUTCMonth()]
  }-${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)} GMT`;
}

export const time: VariableTable = {
  time_local: () => (refresh(), local),
  time_iso8601: () => (refresh(), iso),
  date_gmt: () => (refresh(), dateGmt),
  date_local: () => (refresh(), dateLocal),
  msec: () => (Date.now() / 1000).toFixed(3),
};
