// Sorting and finding are DataTables' work; all switches are style sheets' work. Here the two are
// joined: a table that was sorted by a column of one view is sorted by its twin in the next.
const number = (unknown) => (text) => {
  const value = parseFloat(String(text).replace("−", "-"));
  return Number.isNaN(value) ? unknown : value;
};
DataTable.ext.type.order["figure-pre"] = number(-Infinity);
DataTable.ext.type.order["rank-pre"] = number(Infinity);
const chinese = document.documentElement.lang.startsWith("zh");
const tables = [...document.querySelectorAll("table.sortable")].map((element) => {
  const heads = [...element.tHead.rows[0].cells];
  const where = (test) => heads.flatMap((head, n) => (test(head, n) ? [n] : []));
  const text = where((head, n) => n === 0 || head.classList.contains("text"));
  const ranks = where((head) => head.classList.contains("rank"));
  const dt = new DataTable(element, {
    paging: false, info: false, autoWidth: false, order: [],
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    columnDefs: [ // the first that names a column decides
      { targets: text, type: "string", orderSequence: ["asc", "desc"] },
      { targets: ranks, type: "rank", orderSequence: ["asc", "desc"] },
      { targets: "_all", type: "figure", orderSequence: ["desc", "asc"] },
    ],
    language: { emptyTable: "–", zeroRecords: "–", aria: chinese ? {
      orderable: "：按此列排序", orderableReverse: "：反向排序", orderableRemove: "：取消排序",
    } : {} },
  });
  return { dt, heads };
});
const seen = (head) => getComputedStyle(head).display !== "none";
const follow = () => tables.forEach(({ dt, heads }) => {
  const [column, way] = dt.order()[0] ?? [];
  if (column === undefined || seen(heads[column])) return;
  const twin = heads.findIndex((head) => seen(head) && head.textContent === heads[column].textContent);
  if (twin >= 0) dt.order([[twin, way]]).draw();
});
for (const input of document.querySelectorAll(".controls input[type=radio]"))
  input.addEventListener("change", follow);
document.getElementById("find")?.addEventListener("input", ({ target }) =>
  tables.forEach(({ dt }) => dt.column(0).search(target.value).draw()));
document.documentElement.dataset.ready = "yes";
