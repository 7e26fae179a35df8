// A click toggles a photograph; when the places are full, the one chosen first makes room.
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector('.album');
  const sent = JSON.stringify(data.chosen);
  if (root.__sent !== sent) { root.__sent = sent; root.__chosen = [...data.chosen]; }
  if (!root.childElementCount) {
    for (const photograph of data.photographs) {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset.key = photograph.key;
      button.title = photograph.title;
      button.setAttribute('aria-label', photograph.title);
      const image = document.createElement('img');
      image.src = photograph.src;
      image.alt = '';
      button.append(image);
      root.append(button);
    }
  }
  const draw = () => {
    for (const button of root.children) {
      const place = root.__chosen.indexOf(button.dataset.key);
      button.setAttribute('aria-pressed', String(place >= 0));
      button.querySelector('span')?.remove();
      if (place >= 0 && root.__chosen.length > 1) {
        const badge = document.createElement('span');
        badge.textContent = String(place + 1);
        button.append(badge);
      }
    }
  };
  root.onclick = event => {
    const key = event.target.closest('button')?.dataset.key;
    if (!key) return;
    const kept = root.__chosen.filter(name => name !== key);
    if (kept.length === root.__chosen.length) kept.push(key);
    root.__chosen = kept.slice(-data.most);
    draw();
    setStateValue('chosen', root.__chosen);
  };
  draw();
}
