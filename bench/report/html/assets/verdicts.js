// The claims, narrowed to a verdict or to words.

function setUpClaims(box) {
  const claims = findAll(".claim", box);
  const search = find("input[type=search]", box);
  const choice = find("select", box);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of claims) {
      const text = find("summary", one).textContent.toLowerCase();
      one.hidden = (choice.value && one.dataset.verdict !== choice.value) || !words.every((word) => text.includes(word));
      shown += !one.hidden;
    }
    find(".count", box).textContent = `${shown} of ${claims.length}`;
  };
  keepControl(`${box.dataset.keep}-find`, search, filter);
  keepControl(`${box.dataset.keep}-verdict`, choice, filter);
  filter();
}
