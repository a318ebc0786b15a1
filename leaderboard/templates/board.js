// Sorting is DataTables' work, all switches are style sheets' work. Here the two are joined: a table
// sorted by a column of one view is sorted by its twin in the next. And the view goes along to the
// page in the other language, in the part of the address after #.
const number = (unknown) => (text) => {
  const value = parseFloat(String(text).replace("−", "-"));
  return Number.isNaN(value) ? unknown : value;
};
DataTable.ext.type.order["figure-pre"] = number(-Infinity);
DataTable.ext.type.order["rank-pre"] = number(Infinity);
const chinese = document.documentElement.lang.startsWith("zh");
const made = new Map(); // a table to its DataTable, once it was looked at or pointed at
const make = (element) => {
  if (made.has(element)) return;
  const heads = [...element.tHead.rows[0].cells];
  const where = (test) => heads.flatMap((head, n) => (test(head, n) ? [n] : []));
  const text = where((head, n) => n === 0 || head.classList.contains("text"));
  const ranks = where((head) => head.classList.contains("rank"));
  made.set(element, new DataTable(element, {
    paging: false, info: false, autoWidth: false, order: [],
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    columnDefs: [ // the first that names a column decides
      { targets: text, type: "string", orderSequence: ["asc", "desc"] },
      { targets: ranks, type: "rank", orderSequence: ["asc", "desc"] },
      { targets: "_all", type: "figure", orderSequence: ["desc", "asc"] },
    ],
    language: { aria: chinese ? {
      orderable: "：按此列排序", orderableReverse: "：反向排序", orderableRemove: "：取消排序",
    } : {} },
  }));
};
// A hundred models fill a page with tables of which one is in sight: the others wait.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) make(target);
});
const sortable = [...document.querySelectorAll("table.sortable")];
for (const element of sortable) {
  near.observe(element);
  for (const event of ["pointerover", "focusin"]) // whoever is faster than the observer
    element.parentElement.addEventListener(event, () => make(element), { once: true });
}

const seen = (head) => getComputedStyle(head).display !== "none";
const follow = () => made.forEach((dt, element) => {
  const heads = [...element.tHead.rows[0].cells];
  const [column, way] = dt.order()[0] ?? [];
  if (column === undefined || seen(heads[column])) return;
  const twin = heads.findIndex((head) => seen(head) && head.textContent === heads[column].textContent);
  if (twin >= 0) dt.order([[twin, way]]).draw();
});

const find = document.getElementById("find");
const filter = () => {
  const words = find.value.toLowerCase().split(/\s+/);
  for (const row of sortable.flatMap((element) => [...element.tBodies[0].rows])) {
    const name = row.cells[0].textContent.toLowerCase();
    row.hidden = !words.every((word) => name.includes(word));
  }
};

const switches = [...document.querySelectorAll(".choice input")];
const language = document.getElementById("language");
const twin = language.getAttribute("href");
const keep = () => { // what differs from the page as it opens
  const view = new URLSearchParams();
  const changed = switches.filter((input) => input.checked && !input.defaultChecked ||
    input.type === "checkbox" && input.checked !== input.defaultChecked);
  if (changed.length) view.set("view", changed.map((input) => input.id).join(" "));
  if (find.value) view.set("find", find.value);
  history.replaceState(null, "", `#${view}`);
  language.setAttribute("href", view.size ? `${twin}#${view}` : twin);
};
if (find) {
  const view = new URLSearchParams(location.hash.slice(1));
  for (const id of view.get("view")?.split(" ") ?? []) {
    const input = switches.find((known) => known.id === id);
    if (input) input.checked = !input.defaultChecked;
  }
  find.value = view.get("find") ?? "";
  find.addEventListener("input", filter);
  document.querySelector(".controls").addEventListener("input", keep);
  for (const input of switches) input.addEventListener("change", follow);
  filter();
  if (view.has("view") || view.has("find")) keep();
}
document.documentElement.dataset.ready = "yes";
