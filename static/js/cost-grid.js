/* The cost grid: takes a block that Excel copied, adds up while one types, moves with the arrows.
   Without this file it is a plain form. */
(() => {
  "use strict";

  const grid = document.querySelector("[data-cost-grid]");
  if (!grid) {
    return;
  }
  const status = document.querySelector("[data-grid-status]");
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("td[data-year]")]);

  const inputOf = (cell) => cell?.querySelector("input:not([type=hidden])") ?? null;

  /* Where an input stands: row and column. */
  const placeOf = (input) => {
    const cell = input.closest("td");
    const row = rows.findIndex((cells) => cells.includes(cell));
    return row < 0 ? null : [row, rows[row].indexOf(cell)];
  };

  /* A figure as the page writes it; null for nothing, text or another unit. */
  const figure = (text) => {
    const plain = text.normalize("NFKC").trim().replaceAll(",", "").replace(/^[△▲−]/, "-");
    return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
  };

  const cellFigure = (cell) => figure(inputOf(cell)?.value ?? cell.querySelector("[data-fixed]")?.textContent ?? "");

  const shown = (figures) => {
    const known = figures.filter((value) => value !== null);
    if (known.length === 0) {
      return "–";
    }
    const sum = known.reduce((a, b) => a + b, 0);
    return sum.toLocaleString("en-US", { maximumFractionDigits: 6 });
  };

  const addUp = () => {
    rows.forEach((cells, number) => {
      const target = grid.tBodies[0].rows[number].querySelector("[data-row-sum]");
      target.textContent = shown(cells.map(cellFigure));
    });
    for (const total of grid.tFoot?.rows ?? []) {
      const inStage = rows.filter((_cells, number) => grid.tBodies[0].rows[number].dataset.stage === total.dataset.total);
      const sums = [...total.querySelectorAll("[data-sum]")];
      sums.forEach((target, column) => {
        target.textContent = shown(inStage.map((cells) => cellFigure(cells[column])));
      });
      total.querySelector("[data-sum-all]").textContent = shown(inStage.flat().map(cellFigure));
    }
  };

  grid.addEventListener("input", addUp);

  grid.addEventListener("paste", (event) => {
    const start = event.target.matches("input") ? placeOf(event.target) : null;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const block = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
    if (!start || (block.length === 1 && block[0].length === 1)) {
      return;
    }
    event.preventDefault();
    let pasted = 0;
    let left = 0;
    block.forEach((line, down) => {
      line.forEach((value, right) => {
        const input = inputOf(rows[start[0] + down]?.[start[1] + right]);
        if (input) {
          input.value = value.trim();
          pasted += 1;
        } else if (value.trim()) {
          left += 1;
        }
      });
    });
    status.textContent = `${status.dataset.pasted} ${pasted}` + (left ? `, ${status.dataset.left} ${left}` : "");
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] };
  grid.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    const place = event.target.matches("input") && step ? placeOf(event.target) : null;
    if (!place) {
      return;
    }
    event.preventDefault();
    let row = place[0] + step[0];
    while (rows[row]) {
      const input = inputOf(rows[row][place[1]]);
      if (input) {
        input.focus();
        input.select();
        return;
      }
      row += step[0];
    }
  });
})();
